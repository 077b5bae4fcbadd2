#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace masklet {

/// A corner between pixels: pixel (x, y) covers [x, x + 1] x [y, y + 1].
struct CornerPoint {
  int x;
  int y;

  friend bool operator==(const CornerPoint&, const CornerPoint&) = default;
};

/// One closed outline along pixel edges; the last point joins the first, and no three neighbours lie on a
/// line. With the mask on the right-hand side: outer outlines go clockwise on the screen, holes
/// counter-clockwise.
struct Contour {
  std::vector<CornerPoint> points;
  bool is_hole = false;
};

/// The outlines of the nonzero pixels of `mask`, [height, width], 8-connected as connected_components has
/// them: one outer outline a component and one more for each of its holes, in the order in which a scan by
/// rows meets the top edge of one of their pixels. The enclosed areas, holes negative, sum to the mask's
/// area; filling all outlines by the even-odd rule draws the mask again.
std::vector<Contour> contours(std::span<const std::uint8_t> mask, int width, int height);

}  // namespace masklet
