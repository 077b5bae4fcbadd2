#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace masklet {

/// Shows a mask in a picture, [height, width, 3]: its pixels are mixed half and half with the colour, and an
/// outline of `line_px` pixels is drawn along the inside of its edge, in the colour made bright.
void highlight(std::span<std::uint8_t> rgb_hwc, std::span<const std::uint8_t> mask_hw, int width, int height,
               std::array<std::uint8_t, 3> colour, int line_px);

}  // namespace masklet
