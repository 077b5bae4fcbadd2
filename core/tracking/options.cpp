#include "core/tracking/options.h"

#include <string>

#include "core/base/json_fields.h"

namespace masklet {
namespace {

Status in_range(const char* name, int value, int low, int high) {
  if (value >= low && value <= high) return {};
  return Error{ErrorCode::invalid_argument, std::string(name) + " is " + std::to_string(value) +
                                                "; it must be from " + std::to_string(low) + " to " +
                                                std::to_string(high)};
}

constexpr int kNoLimit = 1 << 30;
constexpr int kMaxStride =
    1 << 16;  // times 256 memories, which an architecture may have, it stays below kMaxFrames

constexpr std::string_view kPolicyNames[] = {"recent", "confident", "anchored"};

}  // namespace

std::string_view memory_policy_name(MemoryPolicy policy) {
  return kPolicyNames[static_cast<int>(policy)];
}

std::optional<MemoryPolicy> memory_policy_of(std::string_view name) {
  for (int i = 0; i < 3; ++i) {
    if (kPolicyNames[i] == name) return static_cast<MemoryPolicy>(i);
  }
  return std::nullopt;
}

void read_memory_policy(JsonFields& fields, TrackingOptions& options) {
  const std::string name =
      fields.text_or("memory_policy", std::string(memory_policy_name(options.memory_policy)));
  if (const std::optional<MemoryPolicy> policy = memory_policy_of(name)) {
    options.memory_policy = *policy;
  } else {
    fields.refuse("memory_policy", "it must be recent, confident or anchored");
  }
  options.min_memory_iou = fields.number_or("min_memory_iou", options.min_memory_iou);
}

Status validate(const TrackingOptions& o, const Architecture& a) {
  MASKLET_TRY(in_range("fill_hole_area", o.fill_hole_area, 0, kNoLimit));
  MASKLET_TRY(in_range("memory_stride", o.memory_stride, 1, kMaxStride));
  if (o.max_conditioning_frames != -1)
    MASKLET_TRY(in_range("max_conditioning_frames (or -1 for all)", o.max_conditioning_frames, 2, kNoLimit));
  MASKLET_TRY(in_range("max_object_pointers", o.max_object_pointers, 1, 64));
  MASKLET_TRY(in_range("memories (or 0 for the model's)", o.memories, 0, a.num_maskmem));
  if (!(o.min_memory_iou >= 0 && o.min_memory_iou <= 1))
    return Error{ErrorCode::invalid_argument,
                 "min_memory_iou is " + std::to_string(o.min_memory_iou) + "; it must be from 0 to 1"};
  MASKLET_TRY(in_range("history_frames (or -1 for all)", o.history_frames, -1, kNoLimit));
  return in_range("cached_frames", o.cached_frames, 1, 4096);
}

}  // namespace masklet
