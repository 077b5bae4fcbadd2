#include <cstdio>
#include <map>

#include "core/model/model_tensors.h"
#include "core/model/recognise.h"
#include "native/cli/command.h"
#include "native/host/model_host.h"

namespace masklet::native {
namespace {

void print_names(const char* title, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::printf("%s (%zu):\n", title, names.size());
  for (const std::string& name : names) std::printf("  %s\n", name.c_str());
}

void print_parts(const std::vector<TensorInfo>& tensors) {
  std::int64_t total = 0;
  std::printf("\n%-26s %8s %14s\n", "part", "tensors", "parameters");
  for (const PartSummary& part : summarise_parts(tensors)) {
    std::printf("%-26s %8lld %14lld\n", std::string(part.part).c_str(), static_cast<long long>(part.tensors),
                static_cast<long long>(part.parameters));
    total += part.parameters;
  }
  std::printf("%-26s %8zu %14lld\n\n", "all", tensors.size(), static_cast<long long>(total));
}

std::string stored_types(const std::vector<TensorInfo>& tensors) {
  std::map<std::string, int> counts;
  for (const TensorInfo& info : tensors) ++counts[std::string(dtype_name(info.dtype))];
  std::string text;
  for (const auto& [name, count] : counts) text += (text.empty() ? "" : ", ") + name + " x " + std::to_string(count);
  return text;
}

/// Prints what there is even where the checkpoint does not fit, then says why it does not.
Result<ExitCode> inspect(const ModelOptions& options) {
  MASKLET_ASSIGN(const UncheckedModel model, open_unchecked(options));
  const std::vector<TensorInfo>& tensors = model.checkpoint->tensors();
  std::printf("stored as    %s\n", stored_types(tensors).c_str());
  print_parts(tensors);
  MASKLET_ASSIGN(const Architecture architecture, presume_architecture(tensors, model.given));
  std::printf("model        %s, input %d x %d\n\n", model_name(architecture).c_str(), architecture.image_size,
              architecture.image_size);
  const TensorReport report = compare_tensors(architecture, tensors);
  print_names("missing tensors", report.missing);
  for (const MisshapenTensor& tensor : report.misshapen) {
    std::printf("wrong shape: %s is %s, expected %s\n", tensor.name.c_str(), to_string(tensor.found).c_str(),
                to_string(tensor.expected).c_str());
  }
  print_names("unexpected tensors", report.unexpected);
  MASKLET_TRY(check_report(report));
  std::printf("every tensor that the model needs is there\n\n%s\n", to_json(architecture).c_str());
  return kSuccess;
}

}  // namespace

Action add_inspect(CLI::App& command) {
  auto options = std::make_shared<ModelOptions>();
  command.add_option("file", options->path, "Checkpoint (.pt, .safetensors) or model folder")->required();
  command.add_option("--architecture", options->architecture_path,
                     "model.json of the checkpoint, where it is of no published size");
  command.footer("Example:\n  masklet inspect sam2.1_hiera_tiny.pt");
  return [options] { return inspect(*options); };
}

}  // namespace masklet::native
