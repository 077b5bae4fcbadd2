#pragma once

#include <cstdint>
#include <span>

namespace masklet {

/// One object's logits at the size of the picture, [height * width].
struct LabelledPlane {
  std::uint8_t label = 0;
  std::span<const float> logits;
};

/// Writes to each pixel the label of the object with the highest logit above 0, the first of equal ones, and
/// 0 where there is none. All planes are as long as `labels`.
void label_map(std::span<const LabelledPlane> planes, std::span<std::uint8_t> labels);

}  // namespace masklet
