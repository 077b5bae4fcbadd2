#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "core/mask/rle.h"
#include "tests/core/mask_fixtures.h"

using namespace masklet;
using namespace masklet::testing;

namespace {

std::string refusal(const Result<Rle>& result) {
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().code == ErrorCode::invalid_argument);
  return result.error().message;
}

std::vector<std::uint8_t> decoded(const Rle& rle) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(rle.width) * rle.height, 9);
  rle_decode(rle, mask);
  return mask;
}

}  // namespace

TEST_CASE("run lengths go down the columns, zeros first") {
  const auto mask = drawn_mask({".#.",  //
                                "##.",  //
                                ".##"});
  const Rle rle = rle_encode(mask, 3, 3);
  CHECK(rle.counts == std::vector<std::uint32_t>{1, 1, 1, 3, 2, 1});
  CHECK(rle_area(rle) == 5);
  CHECK(rle_box(rle) == PixelBox{0, 0, 3, 3});
  CHECK(decoded(rle) == mask);
}

TEST_CASE("COCO's compressed form of a list worked by hand") {
  // 6 1 40 as they are; then differences to two before: 3 -35 0 0 0 16.
  const std::vector<std::uint32_t> counts = {6, 1, 40, 4, 5, 4, 5, 4, 21};
  const auto rle = rle_from_counts(10, 9, counts);
  REQUIRE(rle.ok());
  CHECK(rle_to_string(*rle) == "61X13mN000`0");
  const auto read = rle_from_string(10, 9, "61X13mN000`0");
  REQUIRE(read.ok());
  CHECK(read->counts == counts);
}

TEST_CASE("masks of the fixtures encode, compress, read back and decode") {
  for (const auto& c : mask_cases("rle")) {
    const int width = c["size"][0], height = c["size"][1];
    INFO(width << " x " << height);
    const std::size_t pixels = static_cast<std::size_t>(width) * height;
    const auto bits = stored<std::uint8_t>(c["bits_at"], (pixels + 7) / 8);
    std::vector<std::uint8_t> mask;
    for (std::size_t i = 0; i < pixels; ++i) mask.push_back(bits[i / 8] >> (i % 8) & 1);

    const Rle rle = rle_encode(mask, width, height);
    CHECK(rle.counts == c["counts"].get<std::vector<std::uint32_t>>());
    CHECK(rle_to_string(rle) == c["text"].get<std::string>());
    const auto read = rle_from_string(width, height, c["text"].get<std::string>());
    REQUIRE(read.ok());
    CHECK(*read == rle);
    CHECK(decoded(rle) == mask);
    CHECK(rle_area(rle) == c["area"].get<int>());
    const std::vector<int> box = c["box"];
    CHECK(rle_box(rle) == PixelBox{box[0], box[1], box[2], box[3]});
    CHECK(rle_encode(mask, width, height, rle_box(rle)) == rle);

    std::vector<std::uint8_t> scaled;
    for (const std::uint8_t pixel : mask) scaled.push_back(pixel ? 255 : 0);
    CHECK(rle_encode(scaled, width, height) == rle);
  }
}

TEST_CASE("long runs and steep differences survive the compressed form") {
  const auto rle = rle_from_counts(32768, 32768, {0, 1u << 30});
  REQUIRE(rle.ok());
  const auto read = rle_from_string(32768, 32768, rle_to_string(*rle));
  REQUIRE(read.ok());
  CHECK(*read == *rle);
  const std::uint32_t most = (1u << 30) - 5;
  const auto steep = rle_from_counts(32768, 32768, {1, most, 1, 1, 1, 1});
  REQUIRE(steep.ok());
  const auto steep_read = rle_from_string(32768, 32768, rle_to_string(*steep));
  REQUIRE(steep_read.ok());
  CHECK(*steep_read == *steep);
}

TEST_CASE("IoU and union on runs equal those on pixels") {
  for (int seed = 0; seed < 12; ++seed) {
    const int width = 5 + 9 * seed, height = 31 - 2 * seed;
    const std::size_t pixels = static_cast<std::size_t>(width) * height;
    std::vector<Rle> rles;
    std::vector<std::uint8_t> either(pixels);
    std::vector<int> times(pixels);
    for (std::uint32_t member = 0; member < 3; ++member) {
      // From sparse to dense; the last one in blocks, so that runs of all lengths meet.
      auto mask = draw_bytes(100 * seed + member, pixels);
      for (std::size_t i = 0; i < pixels; ++i) {
        mask[i] = member == 2 ? i / 7 % 3 == 0 : mask[i] < 60 * (member + 1);
        either[i] |= mask[i];
        if (member < 2) times[i] += mask[i];
      }
      rles.push_back(rle_encode(mask, width, height));
    }
    std::int64_t both = 0, any = 0;
    for (const int count : times) {
      both += count == 2;
      any += count > 0;
    }
    const auto intersection = rle_intersection_area(rles[0], rles[1]);
    REQUIRE(intersection.ok());
    CHECK(*intersection == both);
    const auto iou = rle_iou(rles[0], rles[1]);
    REQUIRE(iou.ok());
    CHECK(*iou == static_cast<double>(both) / static_cast<double>(any));
    const auto merged = rle_union(rles);
    REQUIRE(merged.ok());
    CHECK(*merged == rle_encode(either, width, height));
  }
}

TEST_CASE("empty masks have an IoU of 0 and an empty union") {
  const Rle empty = rle_encode(std::vector<std::uint8_t>(6), 3, 2);
  const Rle full = rle_encode(std::vector<std::uint8_t>(6, 1), 3, 2);
  CHECK(*rle_iou(empty, empty) == 0.0);
  CHECK(*rle_iou(empty, full) == 0.0);
  CHECK(*rle_iou(full, full) == 1.0);
  CHECK(*rle_union(std::vector<Rle>{empty, empty}) == empty);
  CHECK(*rle_union(std::vector<Rle>{empty, full}) == full);
}

TEST_CASE("runs of length zero inside a list are taken as they come") {
  const auto rle = rle_from_counts(2, 3, {1, 0, 2, 2, 0, 0, 1});
  REQUIRE(rle.ok());
  CHECK(decoded(*rle) == drawn_mask({".#", ".#", ".."}));
  CHECK(rle_area(*rle) == 2);
  CHECK(rle_box(*rle) == PixelBox{1, 0, 1, 2});
  CHECK(*rle_iou(*rle, rle_encode(decoded(*rle), 2, 3)) == 1.0);
}

TEST_CASE("run lengths that make no mask are refused") {
  CHECK(refusal(rle_from_counts(3, 3, {4, 4})).find("sum to 8") != std::string::npos);
  CHECK(refusal(rle_from_counts(3, 3, {})).find("sum to 0") != std::string::npos);
  CHECK(refusal(rle_from_counts(0, 3, {})).find("0 x 3") != std::string::npos);
  CHECK(refusal(rle_from_counts(1, 1, {4294967295u, 2})).find("4294967297") != std::string::npos);
  CHECK(refusal(rle_from_string(3, 3, "61X")).find("character 2") != std::string::npos);
  CHECK(refusal(rle_from_string(3, 3, "6 1")).find("character 1") != std::string::npos);
  CHECK(refusal(rle_from_string(3, 3, "6\xff")).find("character 1") != std::string::npos);
  CHECK(refusal(rle_from_string(3, 3, "N")).find("length") != std::string::npos);
  CHECK(refusal(rle_from_string(3, 3, "oooooooooooooooo")).find("32 bits") != std::string::npos);
  CHECK(refusal(rle_from_string(3, 3, "80")).find("sum to 8") != std::string::npos);
  CHECK(refusal(rle_from_string(3, 3, "")).find("sum to 0") != std::string::npos);
}

TEST_CASE("masks of different sizes are not compared") {
  const Rle a = rle_encode(std::vector<std::uint8_t>(6), 3, 2);
  const Rle b = rle_encode(std::vector<std::uint8_t>(6), 2, 3);
  CHECK(rle_iou(a, b).error().message.find("3 x 2 and 2 x 3") != std::string::npos);
  CHECK_FALSE(rle_union(std::vector<Rle>{a, b}).ok());
  CHECK_FALSE(rle_union({}).ok());
}
