#include "core/evaluation/jaccard.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace masklet;

TEST_CASE("J is intersection over union, and 1 where neither map shows the object") {
  const std::vector<std::uint8_t> predicted = {1, 1, 0, 2, 0, 0}, truth = {1, 0, 1, 2, 3, 0};
  const Jaccard j(predicted, truth);
  CHECK(j.of(1) == Approx(1.0 / 3));
  CHECK(j.of(2) == 1.0);
  CHECK(j.of(3) == 0.0);
  CHECK(j.of(4) == 1.0);
}

TEST_CASE("void pixels count neither in the intersection nor in the union") {
  const std::vector<std::uint8_t> predicted = {1, 1, 1, 0, 2}, truth = {1, 255, 0, 1, 255};
  CHECK(Jaccard(predicted, truth, std::uint8_t{255}).of(1) == Approx(1.0 / 3));
  CHECK(Jaccard(predicted, truth, std::uint8_t{255}).of(2) == 1.0);
  CHECK(Jaccard(predicted, truth).of(1) == Approx(1.0 / 4));
  CHECK(Jaccard(predicted, truth).of(2) == 0.0);
}
