#include <catch2/catch.hpp>
#include <vector>

#include "core/effects/highlight.h"
#include "core/mask/davis_palette.h"
#include "core/mask/label_map.h"
#include "core/mask/rle.h"
#include "core/mask/upsample_bilinear.h"
#include "core/tracking/frame_masks.h"

using namespace masklet;

TEST_CASE("the DAVIS palette's first colours and its last") {
  using Colour = std::array<std::uint8_t, 3>;
  CHECK(davis_colour(0) == Colour{0, 0, 0});
  CHECK(davis_colour(1) == Colour{128, 0, 0});
  CHECK(davis_colour(2) == Colour{0, 128, 0});
  CHECK(davis_colour(3) == Colour{128, 128, 0});
  CHECK(davis_colour(4) == Colour{0, 0, 128});
  CHECK(davis_colour(8) == Colour{64, 0, 0});
  CHECK(davis_colour(255) == Colour{224, 224, 192});
}

TEST_CASE("a pixel's label is the object with the highest logit above zero, the first of equal ones") {
  std::vector<float> highest(5);
  std::vector<std::uint8_t> labels(5);
  compete(std::vector<float>{1, -1, 2, 3, 0}, 4, highest, labels);
  compete(std::vector<float>{2, -2, 2, 1, -1}, 7, highest, labels);
  CHECK(labels == std::vector<std::uint8_t>{7, 0, 4, 4, 0});
}

TEST_CASE("a frame's masks are its logits at the clip's size, above zero") {
  const FrameResult result{3, {{5, {1, -1, -1, -1}, 0.5f, 2}, {6, {2, 2, -1, -1}, 0.25f, 1}}};
  const Clip clip{6, 4, 10};
  const FrameMasks masks = frame_masks(result, 2, clip, true);
  REQUIRE(masks.objects.size() == 2);
  CHECK(masks.objects[0].object == 5);
  CHECK(masks.objects[1].iou == 0.25f);
  CHECK(masks.objects[1].object_score == 1);
  for (std::size_t o = 0; o < 2; ++o) {
    std::vector<std::uint8_t> expected(24);
    threshold_upsampled(result.objects[o].low_res_logits, 2, 2, 6, 4, 0, expected);
    CHECK(masks.objects[o].mask == expected);
    CHECK(rle_encode(expected, 6, 4, masks.objects[o].extent_px) == rle_encode(expected, 6, 4));
  }
  // The second object's logits are the higher ones everywhere.
  for (std::size_t i = 0; i < 24; ++i) CHECK(masks.labels[i] == (masks.objects[1].mask[i] ? 6 : 0));

  const FrameResult alone{3, {result.objects[0]}};
  const FrameMasks one = frame_masks(alone, 2, clip, true);
  for (std::size_t i = 0; i < 24; ++i) CHECK(one.labels[i] == (one.objects[0].mask[i] ? 5 : 0));
  CHECK(frame_masks(alone, 2, clip, false).labels.empty());
  CHECK(frame_masks({3, {}}, 2, clip, true).labels == std::vector<std::uint8_t>(24));
}

TEST_CASE("highlighting tints the mask, outlines its inner edge and leaves the rest") {
  std::vector<std::uint8_t> rgb(7 * 5 * 3, 100), mask(7 * 5);
  for (int y = 0; y < 4; ++y) {
    for (int x = 1; x < 6; ++x) mask[y * 7 + x] = 1;
  }
  highlight(rgb, mask, 7, 5, {128, 0, 0}, 1);
  const auto pixel = [&](int x, int y) {
    return std::vector<std::uint8_t>(rgb.begin() + (y * 7 + x) * 3, rgb.begin() + (y * 7 + x) * 3 + 3);
  };
  CHECK(pixel(0, 0) == std::vector<std::uint8_t>{100, 100, 100});
  CHECK(pixel(3, 4) == std::vector<std::uint8_t>{100, 100, 100});
  CHECK(pixel(1, 1) == std::vector<std::uint8_t>{255, 127, 127});
  CHECK(pixel(3, 3) == std::vector<std::uint8_t>{255, 127, 127});
  CHECK(pixel(3, 1) == std::vector<std::uint8_t>{114, 50, 50});
  CHECK(pixel(3, 0) == std::vector<std::uint8_t>{114, 50, 50});  // the picture's border is no edge
}
