#pragma once

#include <vector>

namespace masklet {

/// What a model says of one object on one frame.
struct ObjectResult {
  int object = 0;
  /// Mask logits at S/4 x S/4, row-major; > 0 is the object. All -1024 where it is absent.
  std::vector<float> low_res_logits;
  /// The model's own estimate of the mask's IoU, 0 .. 1; 1 for a mask given as a prompt.
  float iou = 0;
  /// > 0: the object is on the frame.
  float object_score = 0;
};

/// The masks of all objects that have one on a frame, in the order in which objects were added.
struct FrameResult {
  int frame = 0;
  std::vector<ObjectResult> objects;
};

}  // namespace masklet
