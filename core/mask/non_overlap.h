#pragma once

#include <span>

namespace masklet {

/// Lets objects not overlap: at every pixel the object with the highest score keeps it, the first one where
/// several are equal; all others are lowered to at most -10 (_apply_non_overlapping_constraints, whose
/// torch.argmax takes the first maximum on CPUs). A single plane stays as it is.
/// The planes hold one object's logits each, in the objects' order, all of one size, no NaN.
void apply_non_overlap(std::span<const std::span<float>> planes);

}  // namespace masklet
