#include "core/evaluation/scores.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace masklet;

TEST_CASE("recall is the share over one half; decay is the first quarter less the last") {
  const std::vector<double> values = {1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2};
  const Statistics found = statistics(values);
  CHECK(found.mean == Approx(0.6));
  CHECK(found.recall == Approx(5.0 / 9));
  CHECK(found.decay == Approx(0.9 - 0.3));  // frames 1 to 3 and 7 to 9
}

TEST_CASE("the quarters of few frames are DAVIS's") {
  const auto decay = [](std::vector<double> values) { return statistics(values).decay; };
  CHECK(decay({0.5}) == 0);
  CHECK(decay({1, 0}) == 1);
  CHECK(decay({1, 0.5, 0}) == Approx(0.75));           // {1, 0.5} and {0}
  CHECK(decay({1, 0.8, 0.4, 0}) == Approx(0.7));       // two and two
  CHECK(decay({1, 0.8, 0.6, 0.4, 0}) == Approx(0.7));  // {1, 0.8} and {0.4, 0}
}

TEST_CASE("the quarters are those of DAVIS's formula, for every length") {
  for (int count = 1; count <= 250; ++count) {
    const auto mark = [count](int i) {
      const double even = 1 + (count - 1) * i / 4.0;
      return static_cast<int>(std::nearbyint(even + 1e-10)) - 1;
    };
    std::vector<double> values(count);
    double first = 0, last = 0;
    for (int i = 0; i < count; ++i) {
      values[i] = i * i % 17 / 16.0;
      if (i <= mark(1)) first += values[i] / (mark(1) + 1);
      if (i >= mark(3)) last += values[i] / (count - mark(3));
    }
    CHECK(statistics(values).decay == Approx(first - last).margin(1e-12));
  }
}

TEST_CASE("a stretch takes the frames that are there, counted from 1") {
  std::vector<double> values;
  for (int frame = 1; frame <= 22; ++frame) values.push_back(frame);
  CHECK(stretch_mean(values, kStretches[0]) == 3.0);
  CHECK(stretch_mean(values, kStretches[1]) == 13.0);
  CHECK(stretch_mean(values, kStretches[2]) == 21.5);
  CHECK_FALSE(stretch_mean(values, kStretches[3]).has_value());
  values.resize(60, 0.25);
  CHECK(stretch_mean(values, kStretches[3]) == 0.25);
}

TEST_CASE("every object counts the same, whatever its sequence's length and company") {
  const SequenceScores brief = {"brief", {{1, {1, 1}, {0.5, 0.5}}}};
  const SequenceScores crowded = {"crowded",
                                  {{1, std::vector<double>(10, 0.4), std::vector<double>(10, 0.2)},
                                   {2, std::vector<double>(10, 0.1), std::vector<double>(10, 0.2)}}};
  const Summary all = summarise(std::vector{brief, crowded});
  CHECK(all.objects == 3);
  CHECK(all.j.mean == Approx(0.5));
  CHECK(all.f.mean == Approx(0.3));
  CHECK(all.j_and_f == Approx(0.4));
  CHECK(all.j.recall == Approx(1.0 / 3));
  CHECK(all.j.decay == Approx(0).margin(1e-12));
  CHECK(*all.j_by_stretch[0] == Approx(0.5));
  CHECK(*all.j_by_stretch[1] == Approx(0.25));  // the brief one does not reach it
  CHECK(*all.f_by_stretch[1] == Approx(0.2));
  CHECK(all.objects_by_stretch == std::array<int, 4>{3, 2, 0, 0});
  CHECK_FALSE(all.j_by_stretch[2].has_value());
  CHECK(summarise({}).objects == 0);
}
