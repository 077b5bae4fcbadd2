#include "core/effects/highlight.h"

#include <algorithm>
#include <cassert>

namespace masklet {
namespace {

/// The same hue with its largest channel at 255, half way to white, so that it stands out on any picture.
std::array<std::uint8_t, 3> brightened(std::array<std::uint8_t, 3> colour) {
  const int largest = std::max<int>(1, *std::max_element(colour.begin(), colour.end()));
  for (std::uint8_t& channel : colour)
    channel = static_cast<std::uint8_t>((channel * 255 / largest + 255) / 2);
  return colour;
}

}  // namespace

void highlight(std::span<std::uint8_t> rgb_hwc, std::span<const std::uint8_t> mask_hw, int width, int height,
               std::array<std::uint8_t, 3> colour, int line_px) {
  assert(mask_hw.size() == static_cast<std::size_t>(width) * height && rgb_hwc.size() == 3 * mask_hw.size());
  const auto outside = [&](int x, int y) {
    // The picture's border is no edge of the object.
    return x >= 0 && y >= 0 && x < width && y < height && !mask_hw[static_cast<std::size_t>(y) * width + x];
  };
  const auto near_edge = [&](int x, int y) {
    for (int d = 1; d <= line_px; ++d) {
      if (outside(x - d, y) || outside(x + d, y) || outside(x, y - d) || outside(x, y + d)) return true;
    }
    return false;
  };
  const std::array<std::uint8_t, 3> line = brightened(colour);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const std::size_t at = static_cast<std::size_t>(y) * width + x;
      if (!mask_hw[at]) continue;
      const bool edge = near_edge(x, y);
      for (int c = 0; c < 3; ++c) {
        std::uint8_t& channel = rgb_hwc[3 * at + c];
        channel = edge ? line[c] : static_cast<std::uint8_t>((channel + colour[c] + 1) / 2);
      }
    }
  }
}

}  // namespace masklet
