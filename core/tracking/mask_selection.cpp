#include "core/tracking/mask_selection.h"

#include <algorithm>

#include "core/mask/stability.h"

namespace masklet {
namespace {

constexpr float kStabilityDelta = 0.05f;
constexpr float kStabilityThreshold = 0.98f;

}  // namespace

SelectedMask select_mask(const DecoderOutputs& outputs, bool multimask) {
  const auto ious = outputs.ious_k.f32();
  const auto masks = outputs.masks_khw.f32();
  const std::int64_t side = outputs.masks_khw.shape[1];
  const std::size_t pixels = static_cast<std::size_t>(side * side), d = outputs.token_pointers_kc.shape[1];
  const auto mask = [&](int i) { return masks.subspan(i * pixels, pixels); };
  const int best_of_three = static_cast<int>(std::max_element(ious.begin() + 1, ious.end()) - ious.begin());

  int first = 1, count = 3, token = best_of_three;
  if (!multimask) {
    const bool stable = stability_score(mask(0), kStabilityDelta) >= kStabilityThreshold;
    first = stable ? 0 : best_of_three;
    count = 1;
    token = 0;  // the single mask's token, also where another mask stands in for it
  }
  SelectedMask selected;
  selected.masks_khw = Tensor::from({count, side, side}, masks.subspan(first * pixels, count * pixels));
  selected.ious.assign(ious.begin() + first, ious.begin() + first + count);
  selected.best = multimask ? best_of_three - 1 : 0;
  const auto pointer = outputs.token_pointers_kc.f32().subspan(token * d, d);
  selected.pointer.assign(pointer.begin(), pointer.end());
  selected.object_score = outputs.object_score.f32()[0];
  return selected;
}

void gate_by_object_score(SelectedMask& mask, const ModelConstants& constants) {
  if (mask.object_score > 0) return;
  std::fill(mask.masks_khw.f32().begin(), mask.masks_khw.f32().end(), kNoObjectLogit);
  mask.pointer = constants.no_object_pointer;
}

}  // namespace masklet
