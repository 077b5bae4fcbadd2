#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"
#include "core/tracking/image_predictor.h"
#include "core/tracking/session.h"

namespace masklet {

// A script: calls on one session or image predictor, as JSON. It is what parity is checked with: native and browser
// run the same one. `tag` names a call in the trace's tensors.

struct PointsCall {
  std::string tag;
  PointPrompt prompt;
};
/// The mask is the tensor `tensor` ([H, W] u8) of the file beside the script.
struct MaskCall {
  std::string tag;
  int object = 0;
  int frame = 0;
  std::string tensor;
};
struct ClearCall {
  int object = 0;
  int frame = 0;
};
struct RemoveCall {
  int object = 0;
};
struct ResetCall {};
struct PropagateCall {
  std::string tag;
  PropagateRequest request;
};
/// Image mode: set the frame as the image.
struct ImageCall {
  int frame = 0;
};
/// Image mode: predict; `mask_input` names the tag of an earlier predict, whose mask `mask_index` is refined.
struct PredictCall {
  std::string tag;
  ImagePrompt prompt;
  std::string mask_input;
  int mask_index = 0;
};

using ScriptCall = std::variant<PointsCall, MaskCall, ClearCall, RemoveCall, ResetCall, PropagateCall, ImageCall,
                                PredictCall>;

struct Script {
  std::string frames;                    ///< folder of frames or a video, relative to the script
  std::optional<std::vector<int>> order; ///< the file of each frame of the clip; absent: all files in order
  std::optional<int> frame_count;        ///< only the first frames
  TrackingOptions options;
  std::vector<ScriptCall> calls;

  bool is_image_mode() const;
};

/// Errors: invalid_argument naming the call by its place and the key; keys that are not known are refused.
Result<Script> parse_script(std::string_view json);

}  // namespace masklet
