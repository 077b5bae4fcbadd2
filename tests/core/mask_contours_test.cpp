#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include "core/mask/connected_components.h"
#include "core/mask/contours.h"
#include "tests/core/mask_fixtures.h"

using namespace masklet;
using namespace masklet::testing;

namespace {

std::int64_t twice_area(const Contour& contour) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < contour.points.size(); ++i) {
    const CornerPoint& a = contour.points[i];
    const CornerPoint& b = contour.points[(i + 1) % contour.points.size()];
    sum += static_cast<std::int64_t>(a.x) * b.y - static_cast<std::int64_t>(b.x) * a.y;
  }
  return sum;
}

/// Fills outlines by the even-odd rule: every vertical edge toggles the pixels to its right.
std::vector<std::uint8_t> filled(const std::vector<Contour>& outlines, int width, int height) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(width) * height);
  for (const Contour& contour : outlines) {
    for (std::size_t i = 0; i < contour.points.size(); ++i) {
      const CornerPoint a = contour.points[i];
      const CornerPoint b = contour.points[(i + 1) % contour.points.size()];
      REQUIRE((a.x == b.x) != (a.y == b.y));
      if (a.x != b.x) continue;
      for (int y = std::min(a.y, b.y); y < std::max(a.y, b.y); ++y) {
        for (int x = a.x; x < width; ++x) mask[static_cast<std::size_t>(y) * width + x] ^= 1;
      }
    }
  }
  return mask;
}

}  // namespace

TEST_CASE("the outline of one pixel is its square, clockwise") {
  const auto outlines = contours(drawn_mask({"...", ".#.", "..."}), 3, 3);
  REQUIRE(outlines.size() == 1);
  CHECK_FALSE(outlines[0].is_hole);
  CHECK(outlines[0].points == std::vector<CornerPoint>{{2, 1}, {2, 2}, {1, 2}, {1, 1}});
}

TEST_CASE("pixels that touch at a corner share an outline; a hole has its own") {
  CHECK(contours(drawn_mask({"#.", ".#"}), 2, 2).size() == 1);
  CHECK(contours(drawn_mask({".#", "#."}), 2, 2).size() == 1);
  const auto ring = contours(drawn_mask({"###", "#.#", "###"}), 3, 3);
  REQUIRE(ring.size() == 2);
  CHECK_FALSE(ring[0].is_hole);
  CHECK(twice_area(ring[0]) == 18);
  CHECK(ring[1].is_hole);
  CHECK(twice_area(ring[1]) == -2);
  CHECK(contours(drawn_mask({"....", "...."}), 4, 2).empty());
}

TEST_CASE("outlines of noise enclose exactly the mask") {
  for (int seed = 0; seed < 20; ++seed) {
    const int width = 3 + 2 * seed, height = 40 - seed;
    auto mask = draw_bytes(seed, static_cast<std::size_t>(width) * height);
    std::int64_t area = 0;
    for (std::uint8_t& pixel : mask) {
      pixel = pixel < 40 + 9 * seed;
      area += pixel;
    }
    const auto outlines = contours(mask, width, height);
    std::int64_t enclosed = 0;
    std::size_t outer = 0;
    for (const Contour& contour : outlines) {
      enclosed += twice_area(contour);
      outer += !contour.is_hole;
      CHECK((twice_area(contour) < 0) == contour.is_hole);
      for (std::size_t i = 0; i < contour.points.size(); ++i) {
        const CornerPoint& a = contour.points[i];
        const CornerPoint& c = contour.points[(i + 2) % contour.points.size()];
        CHECK((a.x != c.x && a.y != c.y));  // every point is a corner
      }
    }
    CHECK(enclosed == 2 * area);
    CHECK(outer == connected_components(mask, width, height).areas_px.size());
    CHECK(filled(outlines, width, height) == mask);
  }
}
