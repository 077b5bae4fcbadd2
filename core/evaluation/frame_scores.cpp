#include "core/evaluation/frame_scores.h"

#include <cassert>

#include "core/evaluation/boundary_measure.h"
#include "core/evaluation/jaccard.h"

namespace masklet {

std::vector<FrameScore> score_frame(std::span<const std::uint8_t> predicted, const Annotation& truth,
                                    std::span<const std::uint8_t> objects) {
  assert(predicted.size() == truth.labels.size());
  const Jaccard j(predicted, truth.labels, truth.void_label);
  const int tolerance_px = boundary_tolerance_px(truth.width, truth.height);
  std::vector<std::uint8_t> mask(predicted.size()), true_mask(predicted.size());
  std::vector<FrameScore> scores;
  for (std::uint8_t object : objects) {
    for (std::size_t i = 0; i < mask.size(); ++i) {
      const std::uint8_t label = truth.labels[i];
      mask[i] = predicted[i] == object && label != truth.void_label;
      true_mask[i] = label == object;
    }
    const double f = boundary_measure(mask, true_mask, truth.width, truth.height, tolerance_px).f;
    scores.push_back({j.of(object), f});
  }
  return scores;
}

}  // namespace masklet
