#include <catch2/catch.hpp>
#include <limits>
#include <vector>

#include "core/mask/innermost_pixel.h"
#include "tests/core/mask_fixtures.h"

using namespace masklet;
using namespace masklet::testing;

namespace {

/// By trying all pixels outside, a ring around the picture among them.
std::optional<InnermostPixel> tried(const std::vector<std::uint8_t>& mask, int width, int height) {
  const auto inside = [&](int x, int y) {
    return x >= 0 && y >= 0 && x < width && y < height && mask[static_cast<std::size_t>(y) * width + x];
  };
  InnermostPixel best;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (!inside(x, y)) continue;
      std::int64_t least = std::numeric_limits<std::int64_t>::max();
      for (int v = -1; v <= height; ++v) {
        for (int u = -1; u <= width; ++u) {
          if (!inside(u, v)) least = std::min<std::int64_t>(least, (x - u) * (x - u) + (y - v) * (y - v));
        }
      }
      if (least > best.squared_distance_px) best = {x, y, least};
    }
  }
  if (best.squared_distance_px == 0) return std::nullopt;
  return best;
}

void check_same(const std::optional<InnermostPixel>& found, const std::optional<InnermostPixel>& expected) {
  REQUIRE(found.has_value() == expected.has_value());
  if (!found) return;
  CHECK(found->x == expected->x);
  CHECK(found->y == expected->y);
  CHECK(found->squared_distance_px == expected->squared_distance_px);
}

}  // namespace

TEST_CASE("the innermost pixel: the first of equal ones, the picture's border is an edge") {
  CHECK_FALSE(innermost_pixel(drawn_mask({"...", "..."}), 3, 2).has_value());
  check_same(innermost_pixel(drawn_mask({"#####", "#####", "#####"}), 5, 3), InnermostPixel{1, 1, 4});
  check_same(innermost_pixel(drawn_mask({".....", "..##.", "....."}), 5, 3), InnermostPixel{2, 1, 1});
  check_same(innermost_pixel(drawn_mask({"#.#", ".#.", "#.#"}), 3, 3), InnermostPixel{0, 0, 1});
}

TEST_CASE("the innermost pixel is what trying all pixels finds") {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    Generator generator(seed);
    const int width = 9 + static_cast<int>(seed % 11), height = 8 + static_cast<int>(seed % 6);
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(width) * height);
    // From sparse to nearly full: a few holes decide where the middle is.
    for (std::uint8_t& pixel : mask) pixel = (generator.next() >> 16) % 40 >= seed;
    check_same(innermost_pixel(mask, width, height), tried(mask, width, height));
  }
}
