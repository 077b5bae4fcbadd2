#include "core/frame/downscaler.h"

#include <catch2/catch.hpp>
#include <numeric>

using namespace masklet;

TEST_CASE("a picture's size is scaled by its longer side, and keeps its aspect") {
  CHECK(downscaled_size({3840, 2160}, 1920) == PictureSize{1920, 1080});
  CHECK(downscaled_size({2160, 3840}, 1920) == PictureSize{1080, 1920});
  CHECK(downscaled_size({1000, 333}, 500) == PictureSize{500, 167});
  CHECK(downscaled_size({32768, 3}, 100) == PictureSize{100, 1});
  CHECK(downscaled_size({1920, 1080}, 1920) == PictureSize{1920, 1080});
  CHECK(downscaled_size({640, 360}, 1920) == PictureSize{640, 360});
  CHECK(downscaled_size({3840, 2160}, 0) == PictureSize{3840, 2160});
}

TEST_CASE("pictures beyond the longer side have the resizer's bytes, others are not touched") {
  std::vector<std::uint8_t> pixels(3 * 60 * 40);
  std::iota(pixels.begin(), pixels.end(), std::uint8_t{0});
  const ImageView large = packed_image(pixels.data(), 60, 40), small = packed_image(pixels.data(), 20, 30);
  Downscaler downscaler(30);
  for (int turn = 0; turn < 2; ++turn) {
    const auto scaled = downscaler.scale(large);
    REQUIRE(scaled.ok());
    REQUIRE(scaled->width == 30);
    REQUIRE(scaled->height == 20);
    std::vector<std::uint8_t> expected(3 * 30 * 20);
    REQUIRE(resize_bicubic_rgb8(large, 30, 20, expected).ok());
    CHECK(std::equal(expected.begin(), expected.end(), scaled->data));
    const auto same = downscaler.scale(small);
    REQUIRE(same.ok());
    CHECK(same->data == small.data);
  }
  CHECK(downscaler.held_bytes() == 3 * 30 * 20);
  CHECK(Downscaler().scale(large)->data == large.data);
  CHECK(downscaler.scale({}).error().code == ErrorCode::invalid_argument);
}
