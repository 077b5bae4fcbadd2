#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "core/weights/checkpoint.h"
#include "native/cli/command.h"
#include "native/host/file_source.h"

namespace masklet::native {
namespace {

/// Where the reference is at or below this, its mask was gated away: only the gating itself is compared.
constexpr float kGated = -1000.0f;

struct CompareOptions {
  std::string given, reference;
  std::vector<std::string> tolerances;  // "kind=value" or "value"
  bool all = false;
};

/// The largest difference that is let pass, by kind of tensor; "" is for every kind without its own.
using Tolerances = std::map<std::string, double>;

struct Difference {
  std::string name;
  double largest = 0;
  std::int64_t regated = 0;  ///< elements gated on one side only
};

/// "sam_obj_ptr_prop_o1_f3" is of kind "sam_obj_ptr"; a tensor that no decoder call makes is a kind of its own.
std::string kind_of(const std::string& name) {
  static const char* const kinds[] = {"sam_low_res_multimasks", "sam_low_res_masks", "sam_ious", "sam_obj_ptr",
                                      "sam_object_score", "image_low_res", "image_iou", "encoder_input"};
  for (const char* kind : kinds) {
    if (name.rfind(std::string(kind) + "_", 0) == 0) return kind;
  }
  return name;
}

bool is_decoder_output(const std::string& name) { return kind_of(name) != name; }

Result<Tolerances> parse_tolerances(const std::vector<std::string>& texts) {
  Tolerances tolerances = {{"", 1e-3}, {"encoder_input", 0}};
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string kind = equals == std::string::npos ? "" : text.substr(0, equals);
    const std::string number = equals == std::string::npos ? text : text.substr(equals + 1);
    char* end = nullptr;
    const double value = std::strtod(number.c_str(), &end);
    if (number.empty() || *end != '\0' || !(value >= 0))
      return Error{ErrorCode::invalid_argument,
                   "tolerance '" + text + "' must be a number of 0 or more, or KIND=number"};
    tolerances[kind] = value;
  }
  return tolerances;
}

Difference difference(const std::string& name, const Tensor& given, const Tensor& reference) {
  Difference d{name, 0, 0};
  const auto a = given.f32(), b = reference.f32();
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool gated = b[i] <= kGated;
    if ((a[i] <= kGated) != gated) {
      ++d.regated;
    } else if (!gated) {
      d.largest = std::max(d.largest, std::abs(static_cast<double>(a[i]) - b[i]));
    }
  }
  return d;
}

Result<std::unique_ptr<Checkpoint>> open_tensors(const std::string& path) {
  MASKLET_ASSIGN(const std::shared_ptr<ByteSource> source, open_file(path));
  return open_checkpoint(source);
}

/// Largest difference of a kind, and how many tensors of it there were.
struct Row {
  Difference worst;
  int tensors = 0;
  int over = 0;
};

Result<ExitCode> compare(const CompareOptions& options) {
  MASKLET_ASSIGN(const Tolerances tolerances, parse_tolerances(options.tolerances));
  MASKLET_ASSIGN(const std::unique_ptr<Checkpoint> given, open_tensors(options.given));
  MASKLET_ASSIGN(const std::unique_ptr<Checkpoint> reference, open_tensors(options.reference));
  const auto tolerance = [&](const std::string& kind) {
    const auto it = tolerances.find(kind);
    return it == tolerances.end() ? tolerances.at("") : it->second;
  };

  std::map<std::string, Row> rows;
  std::vector<std::string> missing, misshapen;
  for (const TensorInfo& info : reference->tensors()) {
    if (!is_decoder_output(info.name) && !options.all) continue;
    const TensorInfo* found = given->find(info.name);
    if (!found) {
      missing.push_back(info.name);
      continue;
    }
    if (found->shape != info.shape) {
      misshapen.push_back(info.name + ": " + to_string(found->shape) + " against " + to_string(info.shape));
      continue;
    }
    MASKLET_ASSIGN(const Tensor a, given->read_f32(info.name));
    MASKLET_ASSIGN(const Tensor b, reference->read_f32(info.name));
    const Difference d = difference(info.name, a, b);
    Row& row = rows[kind_of(info.name)];
    ++row.tensors;
    row.over += d.largest > tolerance(kind_of(info.name)) || d.regated > 0;
    if (d.largest > row.worst.largest || d.regated > row.worst.regated || row.tensors == 1) row.worst = d;
  }

  bool same = missing.empty() && misshapen.empty();
  std::printf("%-24s %8s %12s %12s %6s  %s\n", "kind", "tensors", "largest", "tolerance", "over", "where");
  for (const auto& [kind, row] : rows) {
    std::printf("%-24s %8d %12.3g %12.3g %6d  %s%s\n", kind.c_str(), row.tensors, row.worst.largest, tolerance(kind),
                row.over, row.worst.name.c_str(), row.worst.regated ? " (gated on one side only)" : "");
    same = same && row.over == 0;
  }
  for (const std::string& name : missing) std::printf("missing in %s: %s\n", options.given.c_str(), name.c_str());
  for (const std::string& text : misshapen) std::printf("shapes differ: %s\n", text.c_str());
  if (rows.empty() && same)
    return Error{ErrorCode::invalid_argument, "'" + options.reference +
                                                  "' holds no decoder calls to compare with; is it a trace? "
                                                  "--all compares any tensors"};
  return same ? kSuccess : kDifferent;
}

}  // namespace

Action add_compare(CLI::App& command) {
  auto options = std::make_shared<CompareOptions>();
  command.add_option("given", options->given, "Tensors of a trace")->required();
  command.add_option("reference", options->reference, "Tensors to hold them against")->required();
  command.add_option("--tolerance", options->tolerances,
                     "Largest difference let pass: NUMBER for all kinds (default 0.001, encoder_input 0), or KIND=NUMBER");
  command.add_flag("--all", options->all, "Compare every tensor of the reference, not the decoder calls alone");
  command.footer("Prints the largest difference of each kind of tensor. Gated masks (reference at or below -1000)\n"
                 "must be gated on both sides. Exit code 1: over tolerance, or a tensor is missing.\n\n"
                 "Example:\n  masklet compare out.safetensors reference.safetensors --tolerance 1e-3 "
                 "--tolerance sam_object_score=0.05");
  return [options] { return compare(*options); };
}

}  // namespace masklet::native
