#include "core/tracking/frame_set.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

using namespace masklet;

namespace {

std::vector<int> listed(const FrameSet& set, int first, int last) {
  std::vector<int> frames;
  set.visit(first, last, [&](int frame) { frames.push_back(frame); });
  return frames;
}

}  // namespace

TEST_CASE("A set of frames is a set, whatever is put in and taken out") {
  std::mt19937 random(7);
  FrameSet set;
  std::set<int> expected;
  for (int round = 0; round < 4000; ++round) {
    const int frame = static_cast<int>(random() % 40), length = static_cast<int>(random() % 4);
    if (random() % 3) {
      set.insert(frame, frame + length);
      for (int at = frame; at <= frame + length; ++at) expected.insert(at);
    } else {
      set.erase(frame, frame + length);
      expected.erase(expected.lower_bound(frame), expected.upper_bound(frame + length));
    }
    REQUIRE(listed(set, 0, 50) == std::vector<int>(expected.begin(), expected.end()));
    const int from = static_cast<int>(random() % 40);
    REQUIRE(listed(set, from, from + 5) ==
            std::vector<int>(expected.lower_bound(from), expected.upper_bound(from + 5)));
    REQUIRE(set.contains(frame) == expected.contains(frame));
  }
}

TEST_CASE("Frames in a row are one run") {
  FrameSet set;
  for (int frame = 0; frame < 100000; ++frame) set.insert(frame);
  CHECK(set.runs() == std::map<int, int>{{0, 99999}});
  set.erase(500);
  CHECK(set.runs() == std::map<int, int>{{0, 499}, {501, 99999}});
  set.insert(500);
  CHECK(set.runs().size() == 1);
}
