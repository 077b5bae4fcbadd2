#include "native/host/annotation_prompts.h"

#include <cassert>

#include "core/mask/innermost_pixel.h"
#include "core/mask/mask_statistics.h"

namespace masklet::native {
namespace {

constexpr const char* kNames[] = {"mask", "click", "box"};

}  // namespace

Result<PromptKind> parse_prompt_kind(const std::string& text) {
  for (int i = 0; i < 3; ++i) {
    if (text == kNames[i]) return static_cast<PromptKind>(i);
  }
  return Error{ErrorCode::invalid_argument, "--prompt is '" + text + "'; it must be mask, click or box"};
}

const char* name_of(PromptKind kind) {
  return kNames[static_cast<int>(kind)];
}

MaskPrompt annotation_mask(const LabelImage& first, int object) {
  MaskPrompt prompt{object, 0, first.width, first.height, first.labels};
  for (std::uint8_t& pixel : prompt.bitmap) pixel = pixel == object;
  return prompt;
}

PointPrompt annotation_points(const LabelImage& first, int object, PromptKind click_or_box) {
  const MaskPrompt mask = annotation_mask(first, object);
  PointPrompt prompt{object, 0, {}, {}, true};
  if (click_or_box == PromptKind::click) {
    const auto pixel = innermost_pixel(mask.bitmap, mask.width, mask.height);
    assert(pixel);
    prompt.points = {{static_cast<float>(pixel->x), static_cast<float>(pixel->y), 1}};
  } else {
    const PixelBox box = mask_statistics(mask.bitmap, mask.width, mask.height).box_px;
    prompt.box = {static_cast<float>(box.x), static_cast<float>(box.y),
                  static_cast<float>(box.x + box.width - 1), static_cast<float>(box.y + box.height - 1)};
  }
  return prompt;
}

}  // namespace masklet::native
