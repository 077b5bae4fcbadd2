#pragma once

#include <cstdint>
#include <span>

#include "core/base/result.h"
#include "core/mask/image.h"

// Bilinear resizing whose filter widens when it shrinks: torch.nn.functional.interpolate(mode="bilinear",
// align_corners=False, antialias=True) on f32: weights in f32 as there, horizontal pass first, every product
// added with one rounding as PyTorch's builds for CPUs do. Where one output sums many inputs (shrinking to
// less than half) those builds add in an order of their own, and the last bit may differ.

namespace masklet {

/// What image mode feeds the encoder before normalisation (SAM2Transforms: ToTensor, Resize): `image` / 255
/// resized, 0 .. 1, aspect ignored. `out_hwc` holds [out_height, out_width, 3].
/// Refuses, with invalid_argument, what check_image refuses, sizes outside 1 .. kMaxImageSide and an
/// `out_hwc` of another size.
Status resize_antialias_rgb_f32(const ImageView& image, int out_width, int out_height,
                                std::span<float> out_hwc);

/// One plane, [height, width] to [out_height, out_width]. Sizes 1 .. kMaxImageSide; spans of those sizes.
void resize_antialias_f32(std::span<const float> plane, int width, int height, int out_width, int out_height,
                          std::span<float> out);

/// A binary mask, [height, width] of 0 or 1, to another size: the plane resized, then >= 0.5, as the video
/// predictor brings mask prompts to the model's size (add_new_mask). `out` holds [out_height, out_width] of 0
/// or 1.
void resize_mask_antialias(std::span<const std::uint8_t> mask, int width, int height, int out_width,
                           int out_height, std::span<std::uint8_t> out);

}  // namespace masklet
