#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace masklet {

/// How far apart boundaries may be and still match, as DAVIS has it: 0.008 of the picture's diagonal, rounded
/// up. 8 px for 854 x 480.
int boundary_tolerance_px(int width, int height);

/// The boundary pixels, 0 or 1, of the nonzero pixels of `mask`, [height, width]: those that differ from
/// their right, lower or lower right neighbour. In the last row only the right neighbour counts, in the last
/// column only the lower one, and the last pixel is never a boundary (DAVIS's seg2bmap). So the picture's
/// border is no boundary, and an edge is marked half a pixel up and to the left of where it runs.
std::vector<std::uint8_t> boundary_map(std::span<const std::uint8_t> mask, int width, int height);

struct BoundaryMeasure {
  double precision = 0;  ///< share of the predicted boundary that is near the true one
  double recall = 0;     ///< share of the true boundary that is near the predicted one
  double f = 0;          ///< their harmonic mean
};

/// DAVIS's contour accuracy F of two masks, [height, width], nonzero being the object: near is a Euclidean
/// distance of at most `tolerance_px` between pixels. Where neither mask has a boundary all three are 1;
/// where the true one alone has, precision is 1 and recall 0; where the predicted one alone has, the other
/// way round; F is 0 in both cases. Void pixels are to be 0 in both masks.
BoundaryMeasure boundary_measure(std::span<const std::uint8_t> predicted, std::span<const std::uint8_t> truth,
                                 int width, int height, int tolerance_px);

}  // namespace masklet
