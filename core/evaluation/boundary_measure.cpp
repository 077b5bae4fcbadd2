#include "core/evaluation/boundary_measure.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>

namespace masklet {
namespace {

/// What a pixel's distance is, seen from its neighbour in the column.
std::uint16_t nearer(std::uint16_t own, std::uint16_t neighbours) {
  return std::min<std::uint16_t>(own, static_cast<std::uint16_t>(neighbours + 1));
}

/// For every pixel the distance to the nearest boundary pixel of its own column, at most `limit`. Row by row,
/// so that compilers make vectors of it.
std::vector<std::uint16_t> column_distances(const std::vector<std::uint8_t>& boundary, int width, int height,
                                            std::uint16_t limit) {
  std::vector<std::uint16_t> distances(boundary.size());
  for (std::size_t i = 0; i < distances.size(); ++i) distances[i] = boundary[i] ? 0 : limit;
  const auto row = [&](int y) { return distances.data() + static_cast<std::ptrdiff_t>(y) * width; };
  const auto spread = [width](const std::uint16_t* from, std::uint16_t* to) {
    for (int x = 0; x < width; ++x) to[x] = nearer(to[x], from[x]);
  };
  for (int y = 1; y < height; ++y) spread(row(y - 1), row(y));
  for (int y = height - 1; y > 0; --y) spread(row(y), row(y - 1));
  return distances;
}

/// Whether the column distances around x, in one row, reach a pixel within the disk of that radius.
bool within(const std::uint16_t* row, int width, int x, int radius) {
  const int first = std::max(x - radius, 0), last = std::min(x + radius, width - 1);
  for (int column = first; column <= last; ++column) {
    const int dx = column - x, dy = row[column];
    if (dx * dx + dy * dy <= radius * radius) return true;
  }
  return false;
}

/// Pixels of a boundary, and how many of them are near another one.
struct Matched {
  std::int64_t all_px = 0;
  std::int64_t near_px = 0;

  double share() const { return static_cast<double>(near_px) / static_cast<double>(all_px); }
};

/// The same as dilating `other` with a disk and counting what of `boundary` lies in it, but only boundary
/// pixels are looked at.
Matched match(const std::vector<std::uint8_t>& boundary, const std::vector<std::uint8_t>& other, int width,
              int height, int radius) {
  const std::vector<std::uint16_t> distances =
      column_distances(other, width, height, static_cast<std::uint16_t>(radius + 1));
  Matched matched;
  for (int y = 0; y < height; ++y) {
    const std::size_t row = static_cast<std::size_t>(y) * width;
    for (int x = 0; x < width; ++x) {
      if (!boundary[row + x]) continue;
      ++matched.all_px;
      matched.near_px += within(distances.data() + row, width, x, radius);
    }
  }
  return matched;
}

}  // namespace

int boundary_tolerance_px(int width, int height) {
  const double w = width, h = height;
  return static_cast<int>(std::ceil(0.008 * std::sqrt(w * w + h * h)));
}

std::vector<std::uint8_t> boundary_map(std::span<const std::uint8_t> mask, int width, int height) {
  assert(mask.size() == static_cast<std::size_t>(width) * height);
  std::vector<std::uint8_t> boundary(mask.size());
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* row = mask.data() + static_cast<std::ptrdiff_t>(y) * width;
    std::uint8_t* out = boundary.data() + static_cast<std::ptrdiff_t>(y) * width;
    // Below the last row lies itself, which leaves the right neighbour alone to differ.
    const std::uint8_t* below = y + 1 < height ? row + width : row;
    for (int x = 0; x + 1 < width; ++x) {
      const bool here = row[x] != 0;
      out[x] = ((row[x + 1] != 0) != here) | ((below[x] != 0) != here) | ((below[x + 1] != 0) != here);
    }
    out[width - 1] = (below[width - 1] != 0) != (row[width - 1] != 0);
  }
  return boundary;
}

BoundaryMeasure boundary_measure(std::span<const std::uint8_t> predicted, std::span<const std::uint8_t> truth,
                                 int width, int height, int tolerance_px) {
  const std::vector<std::uint8_t> predicted_boundary = boundary_map(predicted, width, height);
  const std::vector<std::uint8_t> true_boundary = boundary_map(truth, width, height);
  const Matched found = match(predicted_boundary, true_boundary, width, height, tolerance_px);
  const Matched wanted = match(true_boundary, predicted_boundary, width, height, tolerance_px);
  if (found.all_px == 0 && wanted.all_px == 0) return {1, 1, 1};
  if (found.all_px == 0) return {1, 0, 0};
  if (wanted.all_px == 0) return {0, 1, 0};
  const double precision = found.share(), recall = wanted.share(), sum = precision + recall;
  return {precision, recall, sum == 0 ? 0 : 2 * precision * recall / sum};
}

}  // namespace masklet
