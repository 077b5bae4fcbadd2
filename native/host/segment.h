#pragma once

#include <functional>
#include <string>
#include <vector>

#include "native/host/clip_prompts.h"
#include "native/host/memory_plan.h"
#include "native/host/model_host.h"
#include "native/media/frame_source.h"
#include "native/output/progress.h"

namespace masklet::native {

/// From the earliest prompt on; from the latest prompt back; or both ways from the earliest.
enum class Direction { forward, backward, both };

/// Errors: invalid_argument.
Result<Direction> parse_direction(const std::string& text);

struct SegmentOptions {
  std::string input;                             ///< a video, an image, or a folder of PNG or JPEG frames
  double frame_rate = ClipOptions().frame_rate;  ///< of a folder of frames
  ModelOptions model;
  std::vector<ClipPrompt> prompts;  ///< merged
  Direction direction = Direction::forward;
  TrackingOptions tracking;  ///< history_frames is segment's own
  std::string output;        ///< folder, made where it is missing
  bool png = false;          ///< masks/00000.png: indexed, DAVIS palette
  bool sheet = false;        ///< sheet.png
  std::string overlay;       ///< a video of the clip with its objects tinted and outlined; empty: none
  MemoryOptions memory;
  ProgressMode progress = ProgressMode::none;
  /// Asked every few hundred milliseconds at least, and after every frame; true ends the run with
  /// `cancelled`.
  std::function<bool()> stop;
};

/// How far a run came. `status` is not ok where it ended early or the clip is damaged; what was tracked is
/// written, marked partial.
struct SegmentSummary {
  Status status;
  std::string remark;  ///< of the overlay, for whoever reads the summary
  int frames = 0;
  int expected_frames = 0;
  double fps = 0;  ///< of tracking, decoding and writing
  /// Of the plan, and under way: what was given up to stay under the memory limit.
  std::vector<std::string> steps;
  std::string warning;  ///< of the plan
  RunMemory memory;
};

/// What the run takes, without loading the model. Errors: those of the input, the prompts and the model's
/// files; out_of_memory where it does not fit.
Result<Plan> plan_segment(const SegmentOptions& options);

/// Tracks objects through a clip, frame by frame: decode, track, write, release. Writes output/masklets.jsonl
/// (see MaskletsFile) and what else was asked for; files appear whole. Errors that leave no results at all:
/// those of the input, the prompts, the output folder and the model; with a memory limit out_of_memory where the
/// plan does not fit, before anything is loaded.
Result<SegmentSummary> segment(const SegmentOptions& options);

}  // namespace masklet::native
