#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace masklet {

/// Red, green, blue and opacity of every label of a label map.
using LabelColours = std::array<std::array<std::uint8_t, 4>, 256>;

/// Draws a label map as a picture that can be laid over the frame: `rgba_hwc`, [height, width, 4], not premultiplied.
void paint_labels(std::span<const std::uint8_t> labels, const LabelColours& colours, std::span<std::uint8_t> rgba_hwc);

/// The opacity of a picture's pixels, [height, width, 4] to [height, width].
void take_opacity(std::span<const std::uint8_t> rgba_hwc, std::span<std::uint8_t> opacity);

/// How much of each pixel is the object: the sigmoid of its logits, brought to the picture's size by bilinear
/// interpolation, in steps of 1/255. `logits` is [side, side], `matte` [height, width].
void soft_matte(std::span<const float> logits, int side, int width, int height, std::span<std::uint8_t> matte);

}  // namespace masklet
