#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/budget/memory_account.h"
#include "core/graph/network.h"
#include "core/model/architecture.h"
#include "core/weights/weight_storage.h"

namespace masklet {

/// What to do where a plan does not fit: refuse, or step down to settings that change the masks.
enum class OnPressure { fail, degrade };

/// "fail", "degrade". Errors: invalid_argument.
Result<OnPressure> parse_on_pressure(const std::string& text);

/// What a plan decides, richest first in every field. The first five change time alone; the last two change
/// the masks and stay as asked for unless degrading is allowed.
struct PlanSettings {
  int cached_frames = 2;      ///< frames whose features stay, at least 1
  int attention_chunk = 256;  ///< queries that attend at once
  int held_frames = 0;        ///< decoded pictures kept for reading backwards
  int packed_weights = 1;     ///< 1: rearranged for the runtime's kernels as they load; 0: as they come
  int hot_frames = 0;         ///< tracked frames in memory on each side of the one at work, beyond the windows
  int memories = 7;           ///< spatial memories that attention sees
  int input_size = 1024;      ///< side of the networks' input

  bool operator==(const PlanSettings&) const = default;
};

/// What a host takes for itself, beside what it is asked to hold. The figures are measured: tools/bench/memory.
struct HostCosts {
  std::uint64_t program_bytes = 0;  ///< code, libraries, stacks, and what stays in their heaps
  double weights_held = 1;          ///< of a network's weights, once it is loaded
  double weights_loading = 2;       ///< of the weights of the one network that loads, while it does
  double packing = 0;               ///< of weights_loading, what packed weights take; 0: the host has no choice
  double unpacked_held = 1;         ///< weights_held where they are not packed
  double widened = 0;               ///< of a network's weights, what runs take beside them to widen them to f32
  double spare = 0;                 ///< of a run's activations: freed blocks that wait to be used again
  std::uint64_t most_spare_bytes = 0;
  std::uint64_t run_bytes = 0;      ///< that any run takes, however small its tensors
  /// Of a second runtime, in which the image encoder runs beside the other networks; 0: there is none.
  std::uint64_t encoder_beside_bytes = 0;
  double picture_bytes = 1.5;       ///< a pixel of a decoded picture
  int decoder_pictures = 0;         ///< that the decoder holds for itself
  std::uint64_t kept_result_bytes = 0;  ///< of frames' run lengths, before they go to a file
  int results_under_way = 0;        ///< frames whose masks whoever asked for them has not let go of yet
  bool loads_before_frames = false;  ///< networks are loaded before a clip is there
};

/// What is to be planned.
struct PlanRequest {
  std::uint64_t limit_bytes = 0;  ///< on everything; 0: none
  OnPressure on_pressure = OnPressure::fail;
  HostCosts host;
  Architecture architecture;      ///< of the model, at its own input size
  WeightStorage weights = WeightStorage::f32;  ///< what the runtime holds them as
  int clip_width = 0, clip_height = 0;
  /// Of the frames as they are read, where they are then scaled down to the clip's size; 0: they are not.
  int read_width = 0, read_height = 0;
  int objects = 1;
  int prompted_frames = 1;        ///< of each object
  bool keeps_track = false;       ///< every frame may be corrected later, from the hot window or a store
  bool both_ways = false;         ///< there is a way back, for which what lies around the prompts stays
  bool labels = false;            ///< masks compete for pixels at the clip's size
  int max_object_pointers = 16;
  int window_frames = 7;          ///< that tracking itself looks back at
  PlanSettings asked;             ///< as rich as it may be
};

/// Bytes by category, each at its most, and what they come to: the peak of all.
struct PlanPrice {
  std::array<std::uint64_t, kMemoryCategoryCount> categories{};
  std::uint64_t total_bytes = 0;

  std::uint64_t operator[](MemoryCategory category) const {
    return categories[static_cast<std::size_t>(category)];
  }
};

/// Other settings and their price.
struct PlanAlternative {
  std::string what;  ///< "attention chunk 64"
  PlanSettings settings;
  std::uint64_t total_bytes = 0;
  bool fits = false;
  bool same_masks = false;
};

struct Plan {
  std::uint64_t limit_bytes = 0;
  PlanSettings settings;
  PlanPrice price;
  /// "frames are scaled down from 3840 x 2160 to 1920 x 1080 pixels", or empty.
  std::string scaling;
  std::uint64_t least_bytes = 0;  ///< the smallest limit under which the same masks can be had
  std::vector<PlanAlternative> alternatives;
  /// What was given up against what was asked for, in the order in which it was: "cached frames 8 -> 1".
  std::vector<std::string> steps;
  std::string warning;  ///< empty, or that the limit is near
  /// Of what the price leaves of the limit, half is the runtime's and half for more prompted frames than were
  /// asked for.
  int most_prompted_frames = 0;  ///< of each object; 0: no limit

  /// Most that weights, features and activations may take together; 0: no limit.
  std::uint64_t runtime_bytes() const;
};

/// The price of settings, whatever the limit.
PlanPrice price_of(const PlanRequest& request, const PlanSettings& settings);

/// The richest settings whose price is within the limit. Nothing is loaded for it. Errors: out_of_memory where
/// none fits, with the breakdown, what it would take, and the nearest settings that fit.
Result<Plan> make_plan(const PlanRequest& request);

/// The plan as a JSON object, its numbers in bytes.
std::string plan_json(const Plan& plan);

/// The plan as lines to read.
std::string plan_text(const Plan& plan);

}  // namespace masklet
