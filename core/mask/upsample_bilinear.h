#pragma once

#include <cstdint>
#include <span>

namespace masklet {

/// Bilinear interpolation without antialias: torch.nn.functional.interpolate(mode="bilinear",
/// align_corners=False) of one f32 plane, [height, width] to [out_height, out_width], in f32 as there. This
/// is how low-resolution logits come to the size of the video or of the model. Sizes from 1 on; spans of
/// those sizes. It shrinks as well, by sampling.
void upsample_bilinear(std::span<const float> plane, int width, int height, int out_width, int out_height,
                       std::span<float> out);

/// upsample_bilinear, then > threshold, row by row without the float plane and with exactly the same
/// decisions. The model's masks are logits > 0. `out` holds [out_height, out_width] of 0 or 1.
void threshold_upsampled(std::span<const float> logits, int width, int height, int out_width, int out_height,
                         float threshold, std::span<std::uint8_t> out);

}  // namespace masklet
