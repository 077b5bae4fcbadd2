#include "core/mask/label_map.h"

#include <cassert>
#include <cstddef>

namespace masklet {

void above_zero(std::span<const float> logits, std::span<std::uint8_t> bits) {
  assert(bits.size() == logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) bits[i] = logits[i] > 0;
}

void compete(std::span<const float> logits, std::uint8_t label, std::span<float> highest,
             std::span<std::uint8_t> labels) {
  assert(highest.size() == logits.size() && labels.size() == logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const bool higher = logits[i] > highest[i];
    highest[i] = higher ? logits[i] : highest[i];
    labels[i] = higher ? label : labels[i];
  }
}

}  // namespace masklet
