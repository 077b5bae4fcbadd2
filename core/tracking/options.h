#pragma once

#include "core/base/result.h"
#include "core/model/architecture.h"

namespace masklet {

/// Frames that a clip may have and a stream may reach; it keeps sums of frames and strides inside their integers.
inline constexpr int kMaxFrames = 1 << 28;

/// How a session tracks. The defaults are the reference's video predictor's, but for keep_corrections, which the
/// reference loses by default.
struct TrackingOptions {
  /// A frame that is corrected after it was tracked becomes a conditioning frame, so that the correction sticks
  /// (the reference's add_all_frames_to_correct_as_cond).
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
  /// A prompt on a frame forgets the tracked frames' memories within stride x memories frames of it.
  bool clear_memory_around_prompts = false;
  /// Displayed masks do not overlap: the highest logit takes the pixel.
  bool non_overlapping_masks = false;
  /// Tracked frames further than this from the one just tracked are forgotten, beyond what tracking itself looks back
  /// at from there, or from a prompt in either direction; results do not depend on it, but a forgotten frame is
  /// corrected without its own mask. -1 keeps everything.
  int history_frames = -1;
  /// Frames whose features stay with the host for the next prompt or object, at least 1.
  int cached_frames = 2;
};

/// Checks every option against its range; the error names it.
Status validate(const TrackingOptions& options, const Architecture& architecture);

/// What is tracked through.
struct Clip {
  int width = 0;   ///< pixels of the frames as handed over, at least 1
  int height = 0;
  int frame_count = 0;  ///< 0: a stream of unknown length
};

}  // namespace masklet
