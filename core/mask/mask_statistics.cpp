#include "core/mask/mask_statistics.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace masklet {

MaskStatistics mask_statistics(std::span<const std::uint8_t> mask, int width, int height) {
  assert(mask.size() == static_cast<std::size_t>(width) * height);
  MaskStatistics statistics;
  std::int64_t sum_x = 0;
  std::int64_t sum_y = 0;
  int left = width;
  int right = -1;
  int top = -1;
  int bottom = -1;
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* row = mask.data() + static_cast<std::ptrdiff_t>(y) * width;
    std::int64_t count = 0;
    std::int64_t row_sum_x = 0;
    for (int x = 0; x < width; ++x) {
      count += row[x] != 0;
      row_sum_x += row[x] ? x : 0;
    }
    if (count == 0) continue;
    if (top < 0) top = y;
    bottom = y;
    for (int x = 0; x < left; ++x) {
      if (row[x]) left = x;
    }
    for (int x = width - 1; x > right; --x) {
      if (row[x]) right = x;
    }
    statistics.area_px += count;
    sum_x += row_sum_x;
    sum_y += count * y;
  }
  if (statistics.area_px == 0) return statistics;
  statistics.box_px = {left, top, right - left + 1, bottom - top + 1};
  statistics.centroid_x_px = static_cast<double>(sum_x) / static_cast<double>(statistics.area_px);
  statistics.centroid_y_px = static_cast<double>(sum_y) / static_cast<double>(statistics.area_px);
  return statistics;
}

}  // namespace masklet
