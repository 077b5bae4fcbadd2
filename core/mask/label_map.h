#pragma once

#include <cstdint>
#include <span>

namespace masklet {

/// 1 where a logit is above 0, else 0: the model's own masks. Both spans are of one length.
void above_zero(std::span<const float> logits, std::span<std::uint8_t> bits);

/// Lets an object compete for pixels: it takes those where its logit is above `highest`, which starts at 0, so
/// that in the end a pixel has the label of the highest logit above 0, the first of equal ones, or 0 where there
/// is none. All spans are of one length.
void compete(std::span<const float> logits, std::uint8_t label, std::span<float> highest,
             std::span<std::uint8_t> labels);

}  // namespace masklet
