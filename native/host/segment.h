#pragma once

#include <functional>
#include <string>
#include <vector>

#include "native/host/clip_prompts.h"
#include "native/host/model_host.h"
#include "native/output/progress.h"

namespace masklet::native {

/// From the earliest prompt on; from the latest prompt back; or both ways from the earliest.
enum class Direction { forward, backward, both };

/// Errors: invalid_argument.
Result<Direction> parse_direction(const std::string& text);

struct SegmentOptions {
  std::string input;  ///< a folder of PNG or JPEG frames
  ModelOptions model;
  std::vector<ClipPrompt> prompts;  ///< merged
  Direction direction = Direction::forward;
  std::string output;  ///< folder, made where it is missing
  bool png = false;    ///< masks/00000.png: indexed, DAVIS palette
  bool sheet = false;  ///< sheet.png
  ProgressMode progress = ProgressMode::none;
  /// Asked after every frame; true ends the run with `cancelled`.
  std::function<bool()> stop;
};

/// How far a run came. `status` is not ok where it ended early; what was tracked before is written, marked
/// partial.
struct SegmentSummary {
  Status status;
  int frames = 0;
  int expected_frames = 0;
  double fps = 0;  ///< of tracking, decoding and writing
};

/// Tracks objects through a clip, frame by frame: decode, track, write, release. Writes output/masklets.jsonl
/// (see MaskletsFile) and what else was asked for; files appear whole. Errors that leave no results at all:
/// those of the input, the prompts, the output folder and the model.
Result<SegmentSummary> segment(const SegmentOptions& options);

}  // namespace masklet::native
