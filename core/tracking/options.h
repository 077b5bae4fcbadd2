#pragma once

#include <optional>
#include <string_view>

#include "core/base/result.h"
#include "core/model/architecture.h"

namespace masklet {

class JsonFields;

/// Frames that a clip may have and a stream may reach; it keeps sums of frames and strides inside their
/// integers.
inline constexpr int kMaxFrames = 1 << 28;

/// Which tracked frames attention remembers, beside the conditioning frames.
enum class MemoryPolicy {
  recent,     ///< the last one and every stride-th before it: the reference
  confident,  ///< the last one, then the nearest on which the object was found with an IoU estimate of at
              ///< least min_memory_iou (after SAMURAI, arXiv 2411.11922, without its motion model)
  anchored,  ///< as recent, but the oldest place goes to the frame with the highest IoU estimate so far
             ///< (after DAM4SAM, arXiv 2411.17576, and SAM2Long, arXiv 2410.16268: something old beside what
             ///< is new)
};

/// "recent", "confident", "anchored".
std::string_view memory_policy_name(MemoryPolicy policy);
std::optional<MemoryPolicy> memory_policy_of(std::string_view name);

/// How a session tracks. The defaults are the reference's video predictor's, but for keep_corrections, which
/// the reference loses by default.
struct TrackingOptions {
  /// A frame that is corrected after it was tracked becomes a conditioning frame, so that the correction
  /// sticks (the reference's add_all_frames_to_correct_as_cond).
  bool keep_corrections = true;
  /// Background components of at most this many low-resolution pixels are filled; 0 fills none.
  int fill_hole_area = 8;
  /// Every r-th frame is remembered, and always the last one (memory_temporal_stride_for_eval);
  /// 1 .. 65536.
  int memory_stride = 1;
  /// Conditioning frames that attention sees, the nearest ones; -1 means all, else at least 2.
  int max_conditioning_frames = -1;
  /// Frames in the object pointers' window, 1 .. 64 (max_obj_ptrs_in_encoder).
  int max_object_pointers = 16;
  /// Spatial memories of tracked frames and the current one, 1 .. num_maskmem; 0 takes the architecture's.
  int memories = 0;
  /// Which frames take these places; only `recent` is the reference's.
  MemoryPolicy memory_policy = MemoryPolicy::recent;
  /// For `confident`, 0 .. 1.
  float min_memory_iou = 0.5f;
  /// A prompt on a frame forgets the tracked frames' memories within stride x memories frames of it.
  bool clear_memory_around_prompts = false;
  /// Displayed masks do not overlap: the highest logit takes the pixel.
  bool non_overlapping_masks = false;
  /// Tracked frames further than this from the one just tracked are forgotten, beyond what tracking itself
  /// looks back at from there, or from a prompt in either direction; results do not depend on it, but a
  /// forgotten frame is corrected without its own mask. -1 keeps everything.
  int history_frames = -1;
  /// Frames whose features stay with the host for the next prompt or object, at least 1.
  int cached_frames = 2;
};

/// Checks every option against its range; the error names it.
Status validate(const TrackingOptions& options, const Architecture& architecture);

/// Reads "memory_policy" and "min_memory_iou", where they are there.
void read_memory_policy(JsonFields& fields, TrackingOptions& options);

/// What is tracked through.
struct Clip {
  int width = 0;  ///< pixels of the frames as handed over, at least 1
  int height = 0;
  int frame_count = 0;  ///< 0: a stream of unknown length
};

}  // namespace masklet
