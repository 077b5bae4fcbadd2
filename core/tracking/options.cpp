#include "core/tracking/options.h"

#include <string>

namespace masklet {
namespace {

Status in_range(const char* name, int value, int low, int high) {
  if (value >= low && value <= high) return {};
  return Error{ErrorCode::invalid_argument, std::string(name) + " is " + std::to_string(value) + "; it must be from " +
                                                std::to_string(low) + " to " + std::to_string(high)};
}

constexpr int kNoLimit = 1 << 30;
constexpr int kMaxStride = 1 << 16;  // times 256 memories, which an architecture may have, it stays below kMaxFrames

}  // namespace

Status validate(const TrackingOptions& o, const Architecture& a) {
  MASKLET_TRY(in_range("fill_hole_area", o.fill_hole_area, 0, kNoLimit));
  MASKLET_TRY(in_range("memory_stride", o.memory_stride, 1, kMaxStride));
  if (o.max_conditioning_frames != -1)
    MASKLET_TRY(in_range("max_conditioning_frames (or -1 for all)", o.max_conditioning_frames, 2, kNoLimit));
  MASKLET_TRY(in_range("max_object_pointers", o.max_object_pointers, 1, 64));
  MASKLET_TRY(in_range("memories (or 0 for the model's)", o.memories, 0, a.num_maskmem));
  MASKLET_TRY(in_range("history_frames (or -1 for all)", o.history_frames, -1, kNoLimit));
  return in_range("cached_frames", o.cached_frames, 1, 4096);
}

}  // namespace masklet
