#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "core/mask/connected_components.h"
#include "core/mask/mask_statistics.h"
#include "core/mask/non_overlap.h"
#include "core/mask/stability.h"
#include "tests/core/mask_fixtures.h"

using namespace masklet;
using namespace masklet::testing;

TEST_CASE("holes and sprinkles up to the area are overwritten, as by flooding") {
  for (const auto& c : mask_cases("holes")) {
    const int width = c["size"][0], height = c["size"][1], area = c["area"];
    const std::size_t size = static_cast<std::size_t>(width) * height;
    const auto logits = draw_coarse_logits(c["seed"], size, c["offset"].get<float>());
    INFO(c.dump());

    auto holes = logits;
    fill_holes(holes, width, height, area, 0.1f);
    CHECK(holes == stored<float>(c["holes_at"], size));
    auto sprinkles = logits;
    remove_sprinkles(sprinkles, width, height, area, -10.0f);
    CHECK(sprinkles == stored<float>(c["sprinkles_at"], size));
    auto both = logits;
    clean_image_mask(both, width, height, area, area);
    CHECK(both == stored<float>(c["both_at"], size));

    std::vector<std::uint8_t> mask;
    for (const float logit : logits) mask.push_back(logit > 0 ? 200 : 0);
    CHECK(connected_components(mask, width, height).areas_px.size() == c["components"].get<std::size_t>());
  }
}

TEST_CASE("components join around corners and late, and keep the order of their first runs") {
  const auto mask = drawn_mask({"#..#.#.",  //
                                ".#.#...",  //
                                "...##.#",  //
                                "#......",  //
                                "###...#"});
  const Components components = connected_components(mask, 7, 5);
  CHECK(components.areas_px == std::vector<std::int64_t>{2, 4, 1, 1, 4, 1});
  const auto u_shape = drawn_mask({"#.#.#",  //
                                   "#.#.#",  //
                                   "#####"});
  CHECK(connected_components(u_shape, 5, 3).areas_px == std::vector<std::int64_t>{11});
  const auto diamond = drawn_mask({"..#..",  //
                                   ".#.#.",  //
                                   "#...#",  //
                                   ".#.#.",  //
                                   "..#.."});
  CHECK(connected_components(diamond, 5, 5).areas_px == std::vector<std::int64_t>{8});
  CHECK(connected_components(std::vector<std::uint8_t>(12), 4, 3).areas_px.empty());
}

TEST_CASE("runs of components cover the mask exactly") {
  const auto mask = draw_bytes(77, 61 * 43, true);
  const Components components = connected_components(mask, 61, 43);
  std::vector<std::uint8_t> drawn(mask.size());
  for (const ComponentRun& run : components.runs) {
    for (int x = run.x_begin; x < run.x_end; ++x) drawn[run.y * 61 + x] = 255;
  }
  CHECK(drawn == mask);
}

TEST_CASE("an area of zero leaves logits alone, and NaN is neither hole nor sprinkle") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> logits = {1, -1, 1, nan, 1, -1};
  const auto before = logits;
  fill_holes(logits, 6, 1, 0, 0.1f);
  remove_sprinkles(logits, 6, 1, 0, -10.0f);
  clean_image_mask(logits, 6, 1, 0, 0);
  CHECK(logits[1] == before[1]);
  fill_holes(logits, 6, 1, 5, 0.1f);
  CHECK(logits[1] == 0.1f);
  CHECK(logits[5] == 0.1f);
  CHECK(std::isnan(logits[3]));
}

TEST_CASE("a speck in a filled hole is still a sprinkle of an image mask") {
  auto mask = drawn_mask({"#####",  //
                          "#...#",  //
                          "#.#.#",  //
                          "#...#",  //
                          "#####"});
  std::vector<float> logits;
  for (const std::uint8_t pixel : mask) logits.push_back(pixel ? 3.0f : -3.0f);
  clean_image_mask(logits, 5, 5, 8, 1);
  CHECK(logits[6] == 10.0f);
  CHECK(logits[12] == -10.0f);
  CHECK(logits[0] == 3.0f);
}

TEST_CASE("the highest object keeps a pixel, the first of equals") {
  for (const auto& c : mask_cases("non_overlap")) {
    const std::size_t objects = c["objects"], width = c["size"][0], height = c["size"][1];
    auto logits = draw_coarse_logits(c["seed"], objects * width * height, -8);
    std::vector<std::span<float>> planes;
    for (std::size_t i = 0; i < objects; ++i)
      planes.emplace_back(logits.data() + i * width * height, width * height);
    apply_non_overlap(planes);
    CHECK(logits == stored<float>(c["at"], logits.size()));
  }
  std::vector<float> first = {2, 2, -3, -20}, second = {2, 3, -20, -3};
  apply_non_overlap(std::vector<std::span<float>>{first, second});
  CHECK(first == std::vector<float>{2, -10, -3, -20});
  CHECK(second == std::vector<float>{-10, 3, -20, -3});
  apply_non_overlap({});
}

TEST_CASE("non-overlap goes beyond one block of pixels") {
  std::vector<float> first(3000, 1.0f), second(3000, 0.0f);
  second[2999] = 2.0f;
  apply_non_overlap(std::vector<std::span<float>>{first, second});
  CHECK(first[2999] == -10.0f);
  CHECK(second[2999] == 2.0f);
  CHECK(first[2998] == 1.0f);
  CHECK(second[2998] == -10.0f);
}

TEST_CASE("stability is the ratio of two areas") {
  const std::vector<float> logits = {1.0f, 0.05f, 0.0f, -0.05f, -0.04f, -1.0f, 0.06f};
  CHECK(stability_score(logits, 0.05f) == 2.0f / 5.0f);
  CHECK(stability_score(std::vector<float>{-1.0f, -2.0f}, 0.05f) == 1.0f);
  CHECK(stability_score(std::vector<float>{0.0f}, 0.05f) == 0.0f);
  CHECK(stability_score({}, 0.05f) == 1.0f);
}

TEST_CASE("statistics of a mask: area, tight box, centroid") {
  const auto mask = drawn_mask({"......",  //
                                "..##..",  //
                                ".####.",  //
                                "......"});
  const MaskStatistics statistics = mask_statistics(mask, 6, 4);
  CHECK(statistics.area_px == 6);
  CHECK(statistics.box_px == PixelBox{1, 1, 4, 2});
  CHECK(statistics.centroid_x_px == 2.5);
  CHECK(statistics.centroid_y_px == Approx(10.0 / 6));

  const MaskStatistics corner = mask_statistics(drawn_mask({"...", "..#"}), 3, 2);
  CHECK(corner.box_px == PixelBox{2, 1, 1, 1});
  CHECK(corner.centroid_x_px == 2.0);
  CHECK(corner.centroid_y_px == 1.0);

  const MaskStatistics empty = mask_statistics(std::vector<std::uint8_t>(6), 3, 2);
  CHECK(empty.area_px == 0);
  CHECK(empty.box_px == PixelBox{});
}
