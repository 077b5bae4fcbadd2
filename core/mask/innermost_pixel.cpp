#include "core/mask/innermost_pixel.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <vector>

namespace masklet {
namespace {

/// For every pixel of the mask the distance to the nearest one of its column that is outside; 0 for others.
std::vector<int> column_depths(std::span<const std::uint8_t> mask, int width, int height) {
  std::vector<int> depths(mask.size());
  const auto row = [width](int y) { return static_cast<std::size_t>(y) * width; };
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const std::size_t i = row(y) + x;
      depths[i] = mask[i] ? 1 + (y > 0 ? depths[i - width] : 0) : 0;
    }
  }
  for (int y = height - 1; y >= 0; --y) {
    for (int x = 0; x < width; ++x) {
      const std::size_t i = row(y) + x;
      depths[i] = std::min(depths[i], 1 + (y + 1 < height ? depths[i + width] : 0));
    }
  }
  return depths;
}

/// The squared distance from x to what is outside, looked for along the row; it stops early, with a number
/// that is not above `enough`, as soon as it cannot be above.
std::int64_t squared_depth(const int* depths, int width, int x, std::int64_t enough) {
  const auto square = [](std::int64_t value) { return value * value; };
  const auto depth = [&](int column) { return column < 0 || column >= width ? 0 : depths[column]; };
  std::int64_t least = square(depths[x]);
  for (int dx = 1; square(dx) < least && least > enough; ++dx)
    least = std::min(least, square(dx) + square(std::min(depth(x - dx), depth(x + dx))));
  return least;
}

}  // namespace

std::optional<InnermostPixel> innermost_pixel(std::span<const std::uint8_t> mask, int width, int height) {
  assert(mask.size() == static_cast<std::size_t>(width) * height);
  const std::vector<int> depths = column_depths(mask, width, height);
  InnermostPixel best;
  for (int y = 0; y < height; ++y) {
    const int* row = depths.data() + static_cast<std::ptrdiff_t>(y) * width;
    for (int x = 0; x < width; ++x) {
      const std::int64_t squared = squared_depth(row, width, x, best.squared_distance_px);
      if (squared > best.squared_distance_px) best = {x, y, squared};
    }
  }
  if (best.squared_distance_px == 0) return std::nullopt;
  return best;
}

}  // namespace masklet
