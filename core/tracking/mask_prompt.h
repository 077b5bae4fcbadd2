#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tracking/mask_selection.h"

namespace masklet {

// A mask given as a prompt, on its way into the model (add_new_mask and _use_mask_as_output).

/// A bitmap of any size (not 0 is the object) to the model's S x S: antialiased bilinear, at least one half.
std::vector<std::uint8_t> mask_at_input_size(std::span<const std::uint8_t> bitmap, int width, int height, int size);

/// The mask's logits at S/4: +-10, shrunk antialiased.
std::vector<float> mask_logits(std::span<const std::uint8_t> mask, int size);

/// The mask as the decoder's dense prompt, [S/4 * S/4]: the 4 x 4 convolution mask_downsample.
std::vector<float> downsample_mask(std::span<const std::uint8_t> mask, int size, const ModelConstants& constants);

}  // namespace masklet
