#include "core/tracking/frame_masks.h"

#include <algorithm>

#include "core/mask/label_map.h"
#include "core/mask/upsample_bilinear.h"

namespace masklet {
namespace {

/// The logits themselves are compared where objects compete for a pixel.
std::vector<std::uint8_t> compete(const FrameResult& result, int side, const Clip& clip) {
  const std::size_t pixels = static_cast<std::size_t>(clip.width) * clip.height;
  std::vector<std::vector<float>> logits;
  std::vector<LabelledPlane> planes;
  for (const ObjectResult& object : result.objects) {
    logits.emplace_back(pixels);
    upsample_bilinear(object.low_res_logits, side, side, clip.width, clip.height, logits.back());
    planes.push_back({static_cast<std::uint8_t>(object.object), logits.back()});
  }
  std::vector<std::uint8_t> labels(pixels);
  label_map(planes, labels);
  return labels;
}

}  // namespace

FrameMasks frame_masks(const FrameResult& result, int low_res_size, const Clip& clip, bool with_labels) {
  const std::size_t pixels = static_cast<std::size_t>(clip.width) * clip.height;
  FrameMasks masks;
  for (const ObjectResult& object : result.objects) {
    ObjectMask& mask =
        masks.objects.emplace_back(ObjectMask{object.object, object.iou, object.object_score, {}});
    mask.mask.resize(pixels);
    threshold_upsampled(object.low_res_logits, low_res_size, low_res_size, clip.width, clip.height, 0,
                        mask.mask);
  }
  if (!with_labels) return masks;
  if (masks.objects.size() == 1) {
    const ObjectMask& only = masks.objects.front();
    masks.labels = only.mask;
    for (std::uint8_t& label : masks.labels) label = static_cast<std::uint8_t>(label * only.object);
  } else {
    masks.labels = compete(result, low_res_size, clip);
  }
  return masks;
}

}  // namespace masklet
