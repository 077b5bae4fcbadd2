#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include "core/mask/resize_antialias.h"
#include "core/mask/resize_bicubic.h"
#include "core/mask/upsample_bilinear.h"
#include "tests/core/mask_fixtures.h"

using namespace masklet;
using namespace masklet::testing;

namespace {

struct Sizes {
  explicit Sizes(const nlohmann::json& c)
      : width(c["in"][0]), height(c["in"][1]), out_width(c["out"][0]), out_height(c["out"][1]) {
    UNSCOPED_INFO(width << " x " << height << " to " << out_width << " x " << out_height);
  }
  std::size_t in() const { return static_cast<std::size_t>(width) * height; }
  std::size_t out() const { return static_cast<std::size_t>(out_width) * out_height; }
  int width, height, out_width, out_height;
};

}  // namespace

TEST_CASE("bicubic resize gives Pillow's bytes") {
  for (const auto& c : mask_cases("bicubic")) {
    const Sizes sizes(c);
    const auto image = draw_bytes(c["seed"], 3 * sizes.in(), c["extremes"].get<bool>());
    std::vector<std::uint8_t> resized(3 * sizes.out());
    REQUIRE(resize_bicubic_rgb8(packed_image(image.data(), sizes.width, sizes.height), sizes.out_width,
                                sizes.out_height, resized)
                .ok());
    if (c.contains("fnv1a")) {
      CHECK(fnv1a(resized) == c["fnv1a"].get<std::string>());
    } else {
      CHECK(resized == stored<std::uint8_t>(c["at"], resized.size()));
    }
  }
}

TEST_CASE("a bicubic resizer serves frame after frame, whatever their strides") {
  const int width = 50, height = 37, out_width = 41, out_height = 64;
  BicubicResizer resizer(width, height, out_width, out_height);
  for (int frame = 0; frame < 3; ++frame) {
    const auto packed = draw_bytes(frame, 3 * width * height);
    std::vector<std::uint8_t> expected(3 * out_width * out_height);
    REQUIRE(resize_bicubic_rgb8(packed_image(packed.data(), width, height), out_width, out_height, expected)
                .ok());

    const int stride = 3 * width + 5;
    std::vector<std::uint8_t> padded(stride * (height - 1) + 3 * width);  // nothing behind the last pixel
    std::vector<std::uint8_t> bottom_up(padded.size());
    for (int y = 0; y < height; ++y) {
      std::copy_n(packed.data() + 3 * width * y, 3 * width, padded.data() + stride * y);
      std::copy_n(packed.data() + 3 * width * y, 3 * width, bottom_up.data() + stride * (height - 1 - y));
    }
    std::vector<std::uint8_t> resized(expected.size());
    resizer.resize({padded.data(), width, height, stride}, resized);
    CHECK(resized == expected);
    resizer.resize({bottom_up.data() + stride * (height - 1), width, height, -stride}, resized);
    CHECK(resized == expected);
  }
  CHECK(resizer.takes({nullptr, width, height, 0}));
  CHECK_FALSE(resizer.takes({nullptr, height, width, 0}));
}

TEST_CASE("bicubic weights of every run sum to one within their rounding") {
  for (const auto& [in, out] :
       std::vector<std::pair<int, int>>{{1280, 1024}, {720, 1024}, {7, 1}, {1, 7}, {999, 10}}) {
    const FixedPointFilter filter = bicubic_filter(in, out);
    REQUIRE(static_cast<int>(filter.runs.size()) == out);
    for (const FixedPointFilter::Run& run : filter.runs) {
      CHECK(run.first_input >= 0);
      CHECK(run.first_input + run.count <= in);
      std::int64_t sum = 0;
      for (int t = 0; t < run.count; ++t) {
        const FixedPointFilter::Pair& pair = filter.pairs[run.first_pair + t / 2];
        sum += (pair.high[t % 2] * (1 << FixedPointFilter::kLowBits)) + pair.low[t % 2];
      }
      CHECK(std::abs(sum - (1 << FixedPointFilter::kWeightBits)) <= run.count);
    }
  }
}

TEST_CASE("images and sizes that cannot be resized are refused by name") {
  std::vector<std::uint8_t> pixels(3 * 4 * 4);
  const ImageView image = packed_image(pixels.data(), 4, 4);
  const auto refusal = [&](const ImageView& view, int out_width, int out_height, std::size_t bytes) {
    std::vector<std::uint8_t> out(bytes);
    const Status status = resize_bicubic_rgb8(view, out_width, out_height, out);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::invalid_argument);
    return status.error().message;
  };
  CHECK(refusal(packed_image(nullptr, 4, 4), 2, 2, 12).find("null") != std::string::npos);
  CHECK(refusal({pixels.data(), 0, 4, 12}, 2, 2, 12).find("0 x 4") != std::string::npos);
  CHECK(refusal({pixels.data(), 4, -1, 12}, 2, 2, 12).find("4 x -1") != std::string::npos);
  CHECK(refusal({pixels.data(), 4, 4, 11}, 2, 2, 12).find("11") != std::string::npos);
  CHECK(refusal({pixels.data(), kMaxImageSide + 1, 1, 0}, 2, 2, 12).find("32768") != std::string::npos);
  CHECK(refusal(image, 0, 2, 0).find("0 x 2") != std::string::npos);
  CHECK(refusal(image, 2, 2, 11).find("12") != std::string::npos);
  std::vector<float> floats(11);
  CHECK_FALSE(resize_antialias_rgb_f32(image, 2, 2, floats).ok());
  CHECK_FALSE(resize_antialias_rgb_f32(image, 2, -2, floats).ok());
}

TEST_CASE("antialiased resize of an image gives PyTorch's floats") {
  for (const auto& c : mask_cases("antialias_rgb")) {
    const Sizes sizes(c);
    const auto image = draw_bytes(c["seed"], 3 * sizes.in());
    std::vector<float> resized(3 * sizes.out());
    REQUIRE(resize_antialias_rgb_f32(packed_image(image.data(), sizes.width, sizes.height), sizes.out_width,
                                     sizes.out_height, resized)
                .ok());
    CHECK(largest_difference(resized, stored<float>(c["at"], resized.size())) <= 1e-6);
  }
}

TEST_CASE("antialiased resize of a plane gives PyTorch's floats") {
  for (const auto& c : mask_cases("antialias")) {
    const Sizes sizes(c);
    std::vector<float> resized(sizes.out());
    resize_antialias_f32(draw_logits(c["seed"], sizes.in()), sizes.width, sizes.height, sizes.out_width,
                         sizes.out_height, resized);
    CHECK(largest_difference(resized, stored<float>(c["at"], resized.size())) <= 1e-6);
  }
}

TEST_CASE("a mask shrinks to PyTorch's pixels, ties with one half included") {
  for (const auto& c : mask_cases("mask")) {
    const Sizes sizes(c);
    const auto mask = draw_bytes(c["seed"], sizes.in(), true);
    std::vector<std::uint8_t> resized(sizes.out());
    resize_mask_antialias(mask, sizes.width, sizes.height, sizes.out_width, sizes.out_height, resized);
    CHECK(resized == stored<std::uint8_t>(c["at"], resized.size()));
  }
}

TEST_CASE("bilinear upsampling gives PyTorch's floats, and its fused threshold the same decisions") {
  for (const auto& c : mask_cases("upsample")) {
    const Sizes sizes(c);
    const auto logits = draw_logits(c["seed"], sizes.in());
    std::vector<float> resized(sizes.out());
    upsample_bilinear(logits, sizes.width, sizes.height, sizes.out_width, sizes.out_height, resized);
    CHECK(largest_difference(resized, stored<float>(c["at"], resized.size())) <= 1e-6);
    for (const float threshold : {0.0f, resized[0], -2.5f}) {
      std::vector<std::uint8_t> expected(sizes.out());
      std::transform(resized.begin(), resized.end(), expected.begin(),
                     [&](float v) { return v > threshold; });
      std::vector<std::uint8_t> fused(sizes.out(), 7);
      threshold_upsampled(logits, sizes.width, sizes.height, sizes.out_width, sizes.out_height, threshold,
                          fused);
      CHECK(fused == expected);
    }
  }
}

TEST_CASE("upsampling by rows: nothing outside the positive box is above zero, what is read equals the whole plane") {
  for (const auto& c : mask_cases("upsample")) {
    const Sizes sizes(c);
    auto logits = draw_logits(c["seed"], sizes.in());
    // Islands of a few pixels, borders included.
    for (std::size_t i = 0; i < logits.size(); ++i) logits[i] -= i % 11 == 0 || i + 1 == logits.size() ? 0.0f : 30.0f;
    std::vector<float> whole(sizes.out());
    upsample_bilinear(logits, sizes.width, sizes.height, sizes.out_width, sizes.out_height, whole);
    UpsampledRows rows(logits, sizes.width, sizes.height, sizes.out_width, sizes.out_height);
    const PixelBox box = rows.positive_box();
    std::vector<float> row(box.width);
    for (int y = box.y; y < box.y + box.height; ++y) {
      float* const expected = whole.data() + static_cast<std::size_t>(y) * sizes.out_width + box.x;
      rows.read(y, box.x, row);
      CHECK(std::equal(row.begin(), row.end(), expected));
      std::fill_n(expected, box.width, 0.0f);
    }
    CHECK(*std::max_element(whole.begin(), whole.end()) <= 0);
  }
  const std::vector<float> none = {-1, 0, -2, -0.0f};
  CHECK(UpsampledRows(none, 2, 2, 7, 5).positive_box() == PixelBox{});
  const std::vector<float> last = {-1, -1, -1, 1};
  CHECK(UpsampledRows(last, 4, 1, 16, 3).positive_box() == PixelBox{10, 0, 6, 3});
}
