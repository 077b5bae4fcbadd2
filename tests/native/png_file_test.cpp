#include "native/media/png_file.h"

#include <catch2/catch.hpp>

#include "tests/native/clip_files.h"

using namespace masklet;
using namespace masklet::native;
using masklet::native::testing::read_all;
using masklet::native::testing::TemporaryFolder;
using masklet::native::testing::write_all;

TEST_CASE("labels come back from an indexed PNG as they were, and in DAVIS's colours") {
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> labels = {0, 1, 2, 3, 128, 255};
  REQUIRE(write_label_png(folder / "m.png", labels, 3, 2).ok());
  const auto read = read_label_png(folder / "m.png");
  REQUIRE(read.ok());
  CHECK(read->indexed);
  CHECK(read->width == 3);
  CHECK(read->height == 2);
  CHECK(read->labels == labels);
  const auto colours = read_image(folder / "m.png");
  REQUIRE(colours.ok());
  CHECK(std::vector<std::uint8_t>(colours->pixels.begin(), colours->pixels.begin() + 9) ==
        std::vector<std::uint8_t>{0, 0, 0, 128, 0, 0, 0, 128, 0});
}

TEST_CASE("a picture comes back from a PNG as it was") {
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> pixels = {1, 2, 3, 4, 5, 6, 7, 8, 9, 250, 251, 252};
  REQUIRE(write_png(folder / "p.png", packed_image(pixels.data(), 2, 2)).ok());
  const auto read = read_image(folder / "p.png");
  REQUIRE(read.ok());
  CHECK(read->pixels == pixels);
}

TEST_CASE("files that are no masks are refused, broken ones too") {
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> pixels(12);
  REQUIRE(write_png(folder / "colour.png", packed_image(pixels.data(), 2, 2)).ok());
  CHECK(read_label_png(folder / "colour.png").error().code == ErrorCode::unsupported_file);
  write_all(folder / "text.png", "no picture");
  CHECK(read_label_png(folder / "text.png").error().code == ErrorCode::unsupported_file);
  CHECK(read_label_png(folder / "absent.png").error().code == ErrorCode::io_failed);
  REQUIRE(write_label_png(folder / "m.png", std::vector<std::uint8_t>(64 * 64, 1), 64, 64).ok());
  const std::string whole = read_all(folder / "m.png");
  for (std::size_t length : {8u, 20u, 60u, 900u}) {
    write_all(folder / "cut.png", whole.substr(0, std::min(length, whole.size() - 20)));
    CHECK(read_label_png(folder / "cut.png").error().code == ErrorCode::corrupt_file);
  }
  CHECK(write_label_png(folder / "absent/m.png", pixels, 4, 3).error().code == ErrorCode::io_failed);
}
