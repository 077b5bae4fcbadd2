#pragma once

#include <cstdint>
#include <vector>

#include "core/mask/mask_statistics.h"
#include "core/tracking/frame_result.h"
#include "core/tracking/options.h"

namespace masklet {

/// One object on a frame, at the size of the video.
struct ObjectMask {
  int object = 0;
  float iou = 0;                   ///< the model's estimate
  float object_score = 0;          ///< > 0: the object is on the frame
  std::vector<std::uint8_t> mask;  ///< [height * width] of 0 and 1
  PixelBox extent_px;              ///< holds every pixel of the mask, and little more
};

/// The objects of a frame. Their masks may overlap; labels cannot.
struct FrameMasks {
  std::vector<ObjectMask> objects;
  /// [height * width]: the object with the highest logit above 0, 0 for none; empty unless asked for.
  std::vector<std::uint8_t> labels;
};

/// Brings a result to the size of the clip: bilinear, then > 0, as the reference shows masks. `low_res_size`
/// is the side of the result's logits. For labels, object ids must be from 1 to 255. Costs grow with the objects'
/// extents rather than with the clip's size.
FrameMasks frame_masks(const FrameResult& result, int low_res_size, const Clip& clip, bool with_labels);

}  // namespace masklet
