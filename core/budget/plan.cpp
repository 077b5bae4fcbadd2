#include "core/budget/plan.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/budget/bytes.h"
#include "core/budget/network_prices.h"
#include "core/frame/downscaler.h"

namespace masklet {
namespace {

using nlohmann::ordered_json;

/// From here on a plan says that the limit is near: what is not priced, such as a library's own caches, may
/// take as much.
constexpr double kNear = 0.95;
/// Beside its arrays, what a record takes in its map.
constexpr std::uint64_t kRecordOverhead = 256;
/// Input rows whose bytes BicubicResizer takes at most while it scales down: a band of 16, and as many bytes of rows
/// that passed the horizontal filter as 22 of them have.
constexpr std::uint64_t kResizeRows = 38;

int half(int value) { return value / 2; }
int one_less(int value) { return value - 1; }
int smaller_input(int size) { return size > 256 ? (size * 7 / 8 + 16) / 32 * 32 : size - 32; }

/// A setting that can be stepped down, in the order in which it is.
struct Knob {
  std::string_view name;
  int PlanSettings::* field;
  int least;
  int (*lower)(int);
  bool same_masks;
};
constexpr std::string_view kPacking = "weights in memory";
constexpr Knob kKnobs[] = {{"cached frames", &PlanSettings::cached_frames, 1, half, true},
                           {"held frames", &PlanSettings::held_frames, 2, half, true},
                           {"attention chunk", &PlanSettings::attention_chunk, 32, half, true},
                           {kPacking, &PlanSettings::packed_weights, 0, one_less, true},
                           {"hot frames", &PlanSettings::hot_frames, 0, half, true},
                           {"memories", &PlanSettings::memories, 1, one_less, false},
                           {"input size", &PlanSettings::input_size, 64, smaller_input, false}};

/// As it is shown: "256"; of weights "packed" or "as they come".
std::string value_text(const Knob& knob, int value) {
  return knob.name != kPacking ? std::to_string(value) : value ? "packed" : "as they come";
}

/// The next value down; the least where that is it already.
int lowered(const Knob& knob, int value) {
  return value > knob.least ? std::max(knob.lower(value), knob.least) : value;
}

class Pricer {
 public:
  explicit Pricer(const PlanRequest& request) : request_(request) {}

  PlanPrice price(const PlanSettings& settings) const {
    Architecture a = request_.architecture;
    a.image_size = settings.input_size;
    PlanPrice price;
    const auto at = [&](MemoryCategory category) -> std::uint64_t& {
      return price.categories[static_cast<std::size_t>(category)];
    };
    at(MemoryCategory::program) = request_.host.program_bytes + request_.host.encoder_beside_bytes;
    at(MemoryCategory::frames) = frames(settings);
    const RunShape shape{settings.memories, request_.max_object_pointers + request_.prompted_frames,
                         settings.attention_chunk};
    const HostCosts& host = request_.host;
    const bool packed = settings.packed_weights || host.packing == 0;
    const double while_loading = host.weights_loading - (packed ? 0 : host.packing);
    const double once_loaded = packed ? host.weights_held : host.unpacked_held;
    std::uint64_t loading = 0, held = 0, encoding = 0, others = 0;
    for (int i = 0; i < kNetworkCount; ++i) {
      const auto id = static_cast<NetworkId>(i);
      const auto given = static_cast<double>(network_weight_bytes(id, a, request_.weights));
      loading = std::max(loading, held + static_cast<std::uint64_t>(given * while_loading));
      held += static_cast<std::uint64_t>(given * once_loaded);
      std::uint64_t& alive = id == NetworkId::image_encoder ? encoding : others;
      alive = std::max(alive, activations(id, a, shape) + static_cast<std::uint64_t>(given * host.widened));
    }
    at(MemoryCategory::activations) =
        request_.host.encoder_beside_bytes ? encoding + others : std::max(encoding, others);
    const std::uint64_t n = a.feature_tokens(), low = a.low_res_size() * a.low_res_size();
    at(MemoryCategory::features) = settings.cached_frames * frame_feature_bytes(a) + n * a.d_model * 4;
    // The largest of: the picture, the memories, masks on both sides of the boundary beside their prompt.
    const std::uint64_t side = settings.input_size;
    at(MemoryCategory::steps) = std::max({3 * side * side, settings.memories * n * a.mem_dim * 4, 9 * low * 4});
    at(MemoryCategory::track_store) = records(settings) * (track_record_bytes(a) + kRecordOverhead);
    at(MemoryCategory::results) = results(low);

    const std::uint64_t running = at(MemoryCategory::activations) + at(MemoryCategory::features) +
                                  at(MemoryCategory::steps) + at(MemoryCategory::track_store) +
                                  at(MemoryCategory::results) +
                                  (host.loads_before_frames ? at(MemoryCategory::frames) : 0);
    // While networks load, nothing runs: of both the larger one counts, as part of the weights.
    at(MemoryCategory::weights) = held + (loading > held + running ? loading - held - running : 0);
    for (std::uint64_t bytes : price.categories) price.total_bytes += bytes;
    return price;
  }

 private:
  std::uint64_t activations(NetworkId id, const Architecture& a, const RunShape& shape) const {
    const std::uint64_t alive = network_activation_bytes(id, a, shape);
    const auto spare = static_cast<std::uint64_t>(request_.host.spare * static_cast<double>(alive));
    return alive + std::min(spare, request_.host.most_spare_bytes) + request_.host.run_bytes;
  }

  std::uint64_t pixels() const { return static_cast<std::uint64_t>(request_.clip_width) * request_.clip_height; }

  std::uint64_t frames(const PlanSettings& settings) const {
    const std::uint64_t across = request_.read_width;
    const std::uint64_t read = across ? across * request_.read_height : pixels();
    const auto picture = static_cast<std::uint64_t>(static_cast<double>(read) * request_.host.picture_bytes);
    // The scaled picture, and the bands of rows between both passes of the resize.
    const std::uint64_t scaled = across ? 3 * pixels() + 3 * kResizeRows * across : 0;
    const std::uint64_t side = settings.input_size;
    // Decoded pictures; the one at work as RGB; the same at the networks' size.
    return (request_.host.decoder_pictures + settings.held_frames) * picture + 3 * read + scaled + 3 * side * side;
  }

  std::uint64_t records(const PlanSettings& settings) const {
    const int window = std::max(request_.window_frames, request_.max_object_pointers);
    const int reach = std::max(settings.hot_frames, window);
    const int around = request_.keeps_track
                           ? 2 * reach + 2
                           : reach + 2 + request_.prompted_frames * window * (request_.both_ways ? 2 : 1);
    return static_cast<std::uint64_t>(request_.objects) * (request_.prompted_frames + around);
  }

  /// Each object's mask and its logits, in the making; frames' masks on their way; the results that are kept.
  std::uint64_t results(std::uint64_t low) const {
    const std::uint64_t objects = request_.objects, labels = request_.labels ? 1 : 0;
    return request_.host.kept_result_bytes + objects * (pixels() + 2 * low * 4) +
           labels * (4 * objects + 1) * pixels() + request_.host.results_under_way * (objects + labels) * pixels();
  }

  const PlanRequest& request_;
};

std::string breakdown(const PlanPrice& price) {
  std::string text;
  for (int i = 0; i < kMemoryCategoryCount; ++i) {
    if (price.categories[i] == 0) continue;
    text += (text.empty() ? "" : ", ") + std::string(memory_category_name(static_cast<MemoryCategory>(i))) + " " +
            format_bytes(price.categories[i]);
  }
  return text;
}

std::string step_text(const Knob& knob, int from, int to) {
  return std::string(knob.name) + " " + value_text(knob, from) + " -> " + value_text(knob, to);
}

/// Goes through settings from rich to lean.
class Search {
 public:
  explicit Search(const PlanRequest& request) : request_(request), pricer_(request) {}

  bool fits(const PlanSettings& settings) const {
    return request_.limit_bytes == 0 || bytes(settings) <= request_.limit_bytes;
  }

  /// Everything that keeps the masks at its least, where that saves something.
  PlanSettings leanest() const {
    PlanSettings settings = request_.asked;
    // Twice: whether unpacked weights save depends on what the others leave.
    for (int pass = 0; pass < 2; ++pass) {
      for (const Knob& knob : kKnobs) {
        PlanSettings lower = settings;
        lower.*knob.field = std::min(settings.*knob.field, knob.least);
        if (knob.same_masks && bytes(lower) < bytes(settings)) settings = lower;
      }
    }
    return settings;
  }

  /// The richest that fit; absent: none do.
  std::optional<PlanSettings> richest() const {
    PlanSettings settings = request_.asked;
    for (const Knob& knob : kKnobs) {
      if (knob.same_masks) lower_until_fits(settings, knob);
    }
    if (!fits(settings)) settings = leanest();
    for (const Knob& knob : kKnobs) {
      if (!knob.same_masks && request_.on_pressure == OnPressure::degrade) lower_until_fits(settings, knob);
    }
    if (!fits(settings)) return std::nullopt;
    // What was given up too early comes back, the dearest first.
    for (auto knob = std::rbegin(kKnobs); knob != std::rend(kKnobs); ++knob) raise(settings, *knob);
    return settings;
  }

  /// With one of the settings that change masks lowered until it fits; absent: that does not help.
  std::optional<PlanSettings> nearest(const Knob& knob) const {
    PlanSettings settings = leanest();
    lower_until_fits(settings, knob);
    return fits(settings) ? std::optional(settings) : std::nullopt;
  }

  PlanAlternative alternative(const Knob& knob, PlanSettings settings, int value) const {
    settings.*knob.field = value;
    return {std::string(knob.name) + " " + value_text(knob, value), settings, bytes(settings), fits(settings),
            knob.same_masks};
  }

  const Pricer& pricer() const { return pricer_; }

 private:
  std::uint64_t bytes(const PlanSettings& settings) const { return pricer_.price(settings).total_bytes; }

  /// Stops where a step down saves nothing.
  void lower_until_fits(PlanSettings& settings, const Knob& knob) const {
    while (!fits(settings) && settings.*knob.field > knob.least) {
      PlanSettings lower = settings;
      lower.*knob.field = lowered(knob, settings.*knob.field);
      if (bytes(lower) >= bytes(settings)) return;
      settings = lower;
    }
  }

  void raise(PlanSettings& settings, const Knob& knob) const {
    const int now = settings.*knob.field;
    for (int value = request_.asked.*knob.field; value > now; value = lowered(knob, value)) {
      settings.*knob.field = value;
      if (fits(settings)) return;
    }
    settings.*knob.field = now;
  }

  const PlanRequest& request_;
  Pricer pricer_;
};

Error refusal(const PlanRequest& request, const Search& search) {
  const PlanPrice least = search.pricer().price(search.leanest());
  std::string message = "the memory limit is " + format_bytes(request.limit_bytes) + ", and " +
                        format_bytes(least.total_bytes) + " are needed at least (" + breakdown(least) +
                        "): raise the limit to that";
  std::string others;
  for (const Knob& knob : kKnobs) {
    if (knob.same_masks) continue;
    if (const std::optional<PlanSettings> settings = search.nearest(knob))
      others += std::string(others.empty() ? ", or lower one of these, which changes the masks: " : ", ") +
                std::string(knob.name) + " to " + std::to_string(*settings.*knob.field) + " (" +
                format_bytes(search.pricer().price(*settings).total_bytes) + ")";
  }
  if (others.empty()) others = ", or take a smaller model: no setting of this one fits";
  return {ErrorCode::out_of_memory, message + others};
}

ordered_json to_json(const PlanSettings& settings) {
  return {{"cached_frames", settings.cached_frames}, {"held_frames", settings.held_frames},
          {"attention_chunk", settings.attention_chunk}, {"packed_weights", settings.packed_weights},
          {"hot_frames", settings.hot_frames}, {"memories", settings.memories}, {"input_size", settings.input_size}};
}

}  // namespace

Result<OnPressure> parse_on_pressure(const std::string& text) {
  if (text == "fail") return OnPressure::fail;
  if (text == "degrade") return OnPressure::degrade;
  return Error{ErrorCode::invalid_argument, "on-pressure is '" + text + "'; it must be fail or degrade"};
}

std::uint64_t Plan::runtime_bytes() const {
  const std::uint64_t runtime = price[MemoryCategory::weights] + price[MemoryCategory::activations] +
                                price[MemoryCategory::features];
  return limit_bytes ? runtime + (limit_bytes - price.total_bytes) / 2 : 0;
}

PlanPrice price_of(const PlanRequest& request, const PlanSettings& settings) {
  return Pricer(request).price(settings);
}

Result<Plan> make_plan(const PlanRequest& request) {
  const Search search(request);
  const std::optional<PlanSettings> settings = search.richest();
  if (!settings) return refusal(request, search);
  Plan plan;
  plan.limit_bytes = request.limit_bytes;
  plan.settings = *settings;
  plan.price = search.pricer().price(*settings);
  if (request.read_width)
    plan.scaling = downscale_text({request.read_width, request.read_height}, {request.clip_width, request.clip_height});
  plan.least_bytes = search.pricer().price(search.leanest()).total_bytes;
  for (const Knob& knob : kKnobs) {
    const int value = plan.settings.*knob.field, asked = request.asked.*knob.field;
    if (value < asked) {
      plan.steps.push_back(step_text(knob, asked, value));
      int richer = asked;
      while (lowered(knob, richer) > value) richer = lowered(knob, richer);
      plan.alternatives.push_back(search.alternative(knob, plan.settings, richer));
    }
    if (const int leaner = lowered(knob, value); leaner < value) {
      PlanAlternative other = search.alternative(knob, plan.settings, leaner);
      if (other.total_bytes < plan.price.total_bytes) plan.alternatives.push_back(std::move(other));
    }
  }
  if (request.limit_bytes) {
    Architecture a = request.architecture;
    a.image_size = plan.settings.input_size;
    const std::uint64_t each = request.objects * (track_record_bytes(a) + kRecordOverhead);
    const std::uint64_t more = (request.limit_bytes - plan.price.total_bytes) / 2 / each;
    plan.most_prompted_frames = request.prompted_frames + static_cast<int>(std::min<std::uint64_t>(more, 1 << 20));
  }
  const auto limit = static_cast<double>(request.limit_bytes), total = static_cast<double>(plan.price.total_bytes);
  if (request.limit_bytes && total > kNear * limit)
    plan.warning = "the plan takes " + std::to_string(static_cast<int>(100 * total / limit)) +
                   " % of the memory limit; what libraries keep for themselves may not fit beside it";
  return plan;
}

std::string plan_json(const Plan& plan) {
  ordered_json json = {{"limit_bytes", plan.limit_bytes},
                       {"total_bytes", plan.price.total_bytes},
                       {"least_bytes", plan.least_bytes},
                       {"most_prompted_frames", plan.most_prompted_frames},
                       {"settings", to_json(plan.settings)}};
  for (int i = 0; i < kMemoryCategoryCount; ++i)
    json["bytes"][std::string(memory_category_name(static_cast<MemoryCategory>(i)))] = plan.price.categories[i];
  if (!plan.scaling.empty()) json["scaling"] = plan.scaling;
  json["steps"] = plan.steps;
  json["alternatives"] = ordered_json::array();
  for (const PlanAlternative& other : plan.alternatives)
    json["alternatives"].push_back({{"what", other.what}, {"total_bytes", other.total_bytes},
                                    {"fits", other.fits}, {"same_masks", other.same_masks},
                                    {"settings", to_json(other.settings)}});
  if (!plan.warning.empty()) json["warning"] = plan.warning;
  return json.dump();
}

std::string plan_text(const Plan& plan) {
  std::string text;
  const auto row = [&](std::string_view name, const std::string& value, std::string_view remark = "") {
    char line[160];
    std::snprintf(line, sizeof line, "%-18.*s %12s%s%.*s\n", static_cast<int>(name.size()), name.data(), value.c_str(),
                  remark.empty() ? "" : "  ", static_cast<int>(remark.size()), remark.data());
    text += line;
  };
  for (int i = 0; i < kMemoryCategoryCount; ++i)
    row(memory_category_name(static_cast<MemoryCategory>(i)), format_bytes(plan.price.categories[i]));
  row("peak", format_bytes(plan.price.total_bytes),
      plan.limit_bytes ? "of " + format_bytes(plan.limit_bytes) : std::string("no limit given"));
  text += "\n";
  for (const Knob& knob : kKnobs) row(knob.name, value_text(knob, plan.settings.*knob.field));
  if (plan.most_prompted_frames)
    row("prompted frames", std::to_string(plan.most_prompted_frames), "of an object, at most");
  if (!plan.scaling.empty()) text += "\n" + plan.scaling + "\n";
  if (!plan.steps.empty()) text += "\nstepped down:\n";
  for (const std::string& step : plan.steps) text += "  " + step + "\n";
  text += "\nwith one setting changed:\n";
  for (const PlanAlternative& other : plan.alternatives) {
    const std::string remark = std::string(other.fits ? "fits" : "does not fit") +
                               (other.same_masks ? "" : ", other masks");
    row(other.what, format_bytes(other.total_bytes), remark);
  }
  text += "\nthe same masks need " + format_bytes(plan.least_bytes) + " at least\n";
  if (!plan.warning.empty()) text += "warning: " + plan.warning + "\n";
  return text;
}

}  // namespace masklet
