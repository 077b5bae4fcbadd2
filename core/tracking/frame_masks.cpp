#include "core/tracking/frame_masks.h"

#include <algorithm>

#include "core/mask/label_map.h"
#include "core/mask/upsample_bilinear.h"

namespace masklet {

FrameMasks frame_masks(const FrameResult& result, int low_res_size, const Clip& clip, bool with_labels) {
  const std::size_t width = clip.width, pixels = width * clip.height;
  FrameMasks masks;
  std::vector<UpsampledRows> planes;
  for (const ObjectResult& object : result.objects) {
    planes.emplace_back(object.low_res_logits, low_res_size, low_res_size, clip.width, clip.height);
    masks.objects.push_back({object.object, object.iou, object.object_score, std::vector<std::uint8_t>(pixels),
                             planes.back().positive_box()});
  }
  if (with_labels) masks.labels.resize(pixels);
  std::vector<float> logits(width), highest(width);
  for (int y = 0; y < clip.height; ++y) {
    bool competes = false;
    for (std::size_t o = 0; o < planes.size(); ++o) {
      ObjectMask& object = masks.objects[o];
      const PixelBox& box = object.extent_px;
      if (y < box.y || y >= box.y + box.height) continue;
      const std::span<float> row = std::span(logits).first(box.width);
      planes[o].read(y, box.x, row);
      const std::size_t first = y * width + box.x;
      above_zero(row, std::span(object.mask).subspan(first, box.width));
      if (!with_labels) continue;
      if (!competes) std::fill(highest.begin(), highest.end(), 0.0f);
      competes = true;
      compete(row, static_cast<std::uint8_t>(object.object), std::span(highest).subspan(box.x, box.width),
              std::span(masks.labels).subspan(first, box.width));
    }
  }
  return masks;
}

}  // namespace masklet
