#pragma once

#include <cstdint>
#include <span>

namespace masklet {

/// Pixels x .. x + width - 1, y .. y + height - 1; all zero for an empty mask.
struct PixelBox {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;

  friend bool operator==(const PixelBox&, const PixelBox&) = default;
};

struct MaskStatistics {
  std::int64_t area_px = 0;
  PixelBox box_px;           ///< the smallest that holds the mask
  double centroid_x_px = 0;  ///< mean of the pixels' x, a pixel's own x being an integer; 0 for an empty mask
  double centroid_y_px = 0;
};

/// Of the nonzero pixels of `mask`, [height, width].
MaskStatistics mask_statistics(std::span<const std::uint8_t> mask, int width, int height);

}  // namespace masklet
