#include "core/evaluation/boundary_measure.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include "core/evaluation/frame_scores.h"
#include "tests/core/mask_fixtures.h"

using namespace masklet;
using namespace masklet::testing;

namespace {

using Mask = std::vector<std::uint8_t>;

/// Rectangles on black: shapes with edges, corners and contact with the border.
Mask drawn_shapes(std::uint32_t seed, int width, int height) {
  Generator generator(seed);
  Mask mask(static_cast<std::size_t>(width) * height);
  for (int shape = 0; shape < 3; ++shape) {
    const int left = static_cast<int>(generator.next() >> 8) % width;
    const int top = static_cast<int>(generator.next() >> 8) % height;
    const int right = left + 1 + static_cast<int>(generator.next() >> 8) % width;
    const int bottom = top + 1 + static_cast<int>(generator.next() >> 8) % height;
    for (int y = top; y < std::min(bottom, height); ++y) {
      for (int x = left; x < std::min(right, width); ++x) mask[static_cast<std::size_t>(y) * width + x] = 1;
    }
  }
  return mask;
}

/// Pixels of `boundary` with one of `other` at a distance of at most `radius`, by trying all.
int near(const Mask& boundary, const Mask& other, int width, int radius) {
  int count = 0;
  for (int i = 0; i < static_cast<int>(boundary.size()); ++i) {
    if (!boundary[i]) continue;
    bool found = false;
    for (int k = 0; k < static_cast<int>(other.size()) && !found; ++k) {
      const int dx = i % width - k % width, dy = i / width - k / width;
      found = other[k] && dx * dx + dy * dy <= radius * radius;
    }
    count += found;
  }
  return count;
}

}  // namespace

TEST_CASE("the boundary lies half a pixel up and left of the edge, and not on the picture's border") {
  CHECK(boundary_map(drawn_mask({"....", ".#..", "....", "...."}), 4, 4) ==
        drawn_mask({"##..", "##..", "....", "...."}));
  CHECK(boundary_map(drawn_mask({"..#", "..#", "..#"}), 3, 3) == drawn_mask({".#.", ".#.", ".#."}));
  CHECK(boundary_map(drawn_mask({"...", "...", "###"}), 3, 3) == drawn_mask({"...", "###", "..."}));
  CHECK(boundary_map(drawn_mask({"...", "...", "..#"}), 3, 3) == drawn_mask({"...", ".##", ".#."}));
  CHECK(boundary_map(drawn_mask({"###", "###", "###"}), 3, 3) == Mask(9));
  CHECK(boundary_map(Mask{9}, 1, 1) == Mask{0});
}

TEST_CASE("the tolerance is 0.008 of the diagonal, rounded up") {
  CHECK(boundary_tolerance_px(854, 480) == 8);     // 7.84
  CHECK(boundary_tolerance_px(1920, 1080) == 18);  // 17.62
  CHECK(boundary_tolerance_px(300, 400) == 4);     // 4.0 exactly
  CHECK(boundary_tolerance_px(64, 48) == 1);
}

TEST_CASE("a worked example of F: a straight edge against one with a step") {
  const Mask truth = drawn_mask({"....####", "....####", "....####", "....####"});
  const Mask stepped = drawn_mask({"....####", "....####", ".......#", ".......#"});
  // The true boundary is (3, 0) to (3, 3). The other's is (3, 0), (3, 1) to (6, 1), (6, 2), (6, 3), of which
  // the first three are within a pixel of it; and it is within a pixel of all but (3, 3).
  const BoundaryMeasure measure = boundary_measure(stepped, truth, 8, 4, 1);
  CHECK(measure.precision == Approx(3.0 / 7));
  CHECK(measure.recall == Approx(3.0 / 4));
  CHECK(measure.f == Approx(6.0 / 11));
}

TEST_CASE("boundaries match within a disk, not a square") {
  Mask a(16 * 16), b(16 * 16);
  a[5 * 16 + 5] = 1;
  b[9 * 16 + 8] = 1;  // 3 to the right and 4 down; boundaries are 2 x 2 pixels, nearest (5, 5) and (7, 8)
  CHECK(boundary_measure(a, b, 16, 16, 5).f == 1);
  CHECK(boundary_measure(a, b, 16, 16, 4).f == Approx(0.25));
  CHECK(boundary_measure(a, b, 16, 16, 3).f == 0);
}

TEST_CASE("F where a mask has no boundary") {
  const Mask empty(16), full(16, 1), some = drawn_mask({"....", ".##.", ".##.", "...."});
  const auto check = [&](const Mask& predicted, const Mask& truth, double precision, double recall,
                         double f) {
    const BoundaryMeasure measure = boundary_measure(predicted, truth, 4, 4, 1);
    CHECK(measure.precision == precision);
    CHECK(measure.recall == recall);
    CHECK(measure.f == f);
  };
  check(empty, empty, 1, 1, 1);
  check(full, empty, 1, 1, 1);  // a mask of the whole picture has none either
  check(empty, some, 1, 0, 0);
  check(some, empty, 0, 1, 0);
  check(some, some, 1, 1, 1);
}

TEST_CASE("F is what trying all pairs of boundary pixels gives") {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    const int width = 20 + static_cast<int>(seed % 7) * 3, height = 17 + static_cast<int>(seed % 5) * 4;
    const int radius = static_cast<int>(seed % 6);
    const Mask predicted = drawn_shapes(seed, width, height), truth = drawn_shapes(seed + 99, width, height);
    const Mask a = boundary_map(predicted, width, height), b = boundary_map(truth, width, height);
    const double all_a = std::count(a.begin(), a.end(), 1), all_b = std::count(b.begin(), b.end(), 1);
    const BoundaryMeasure measure = boundary_measure(predicted, truth, width, height, radius);
    if (all_a == 0 || all_b == 0) continue;
    CHECK(measure.precision == near(a, b, width, radius) / all_a);
    CHECK(measure.recall == near(b, a, width, radius) / all_b);
  }
}

TEST_CASE("a frame's score leaves void pixels out of J and of the boundaries") {
  // Two columns of object 3, the right half of the picture void; the prediction goes on into the void.
  const Mask truth = {0, 3, 255, 255, 0, 3, 255, 255}, predicted = {0, 3, 3, 3, 0, 3, 3, 0};
  const Mask objects = {3, 7};
  const auto scores = score_frame(predicted, {truth, 4, 2, std::uint8_t{255}}, objects);
  REQUIRE(scores.size() == 2);
  CHECK(scores[0].j == 1);
  CHECK(scores[0].f == 1);
  CHECK(scores[1].j == 1);  // in neither
  CHECK(scores[1].f == 1);
  const auto without = score_frame(predicted, {truth, 4, 2, {}}, objects);
  CHECK(without[0].j == Approx(2.0 / 5));
}
