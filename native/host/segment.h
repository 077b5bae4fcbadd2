#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "native/host/clip_prompts.h"
#include "native/host/legs.h"
#include "native/host/memory_plan.h"
#include "native/host/model_host.h"
#include "native/media/frame_source.h"
#include "native/output/progress.h"

namespace masklet::native {

struct SegmentOptions {
  std::string input;                             ///< a video, an image, or a folder of PNG or JPEG frames
  double frame_rate = ClipOptions().frame_rate;  ///< of a folder of frames
  ModelOptions model;
  std::vector<ClipPrompt> prompts;  ///< merged
  /// Absent: that of the session that goes on, or forward.
  std::optional<Direction> direction;
  /// Of a new session. history_frames: of the clip's length or more (or -1) they make memory grow with the clip.
  TrackingOptions tracking = without_history();
  std::string output;        ///< folder, made where it is missing
  bool png = false;          ///< masks/00000.png: indexed, DAVIS palette
  bool sheet = false;        ///< sheet.png
  std::string overlay;       ///< a video of the clip with its objects tinted and outlined; empty: none
  MemoryOptions memory;
  std::string save;          ///< the session's file, written at the end, however the run ends; empty: none
  /// A saved session to go on with; empty: a new one. Its own tracking options hold; `prompts` are added to its own, and
  /// one for the same object and frame takes the earlier one's place.
  std::string resume;
  /// The clip may be another file than the one that `resume` was saved with, of the same size and length.
  bool other_clip_file = false;
  ProgressMode progress = ProgressMode::none;
  /// Asked every few hundred milliseconds at least, and after every frame; true ends the run with
  /// `cancelled`.
  std::function<bool()> stop;

  /// What tracking itself looks back at is enough where no correction comes later.
  static TrackingOptions without_history() {
    TrackingOptions options;
    options.history_frames = 0;
    return options;
  }
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
/// (see MaskletsFile) and what else was asked for; files appear whole. A run that was saved and goes on writes the
/// earlier results of the frames that it does not track again, and ends with the bytes of one that was never
/// interrupted. Errors that leave no results at all: those of the input, the prompts, the output folder, the model and
/// the saved session; with a memory limit out_of_memory where the plan does not fit, before anything is loaded.
Result<SegmentSummary> segment(const SegmentOptions& options);

}  // namespace masklet::native
