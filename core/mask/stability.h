#pragma once

#include <span>

namespace masklet {

/// How little a mask's area depends on its threshold: area(logit > delta) / area(logit > -delta), 0 .. 1, and
/// 1 where the latter is empty (MaskDecoder._get_stability_scores). `delta` is 0 or more.
float stability_score(std::span<const float> logits, float delta);

}  // namespace masklet
