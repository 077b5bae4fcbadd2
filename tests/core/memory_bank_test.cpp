#include "core/tracking/memory_bank.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

// Which memories a frame attends to, against selections worked out by hand for 7 memories: conditioning
// frames have temporal row 6, the frame k before has row k - 1.

using namespace masklet;

namespace {

using FrameAndRow = std::vector<std::pair<int, int>>;
using FrameAndDistance = std::vector<std::pair<int, int>>;

/// A track whose records carry their frame in their pointer. Conditioning frames are inserted in the order
/// given.
struct Bank {
  ObjectTrack track;
  SessionState state;  // of a stream, unless its clip is set

  Bank(std::vector<int> conditioning, std::vector<int> tracked) {
    for (const int frame : conditioning) add(track.conditioning, frame);
    for (const int frame : tracked) add(track.tracked, frame);
  }

  MemorySelection select(int frame, bool reverse = false) const {
    return select_memories(track, frame, reverse, state, 7);
  }
  FrameAndRow spatial(int frame, bool reverse = false) const {
    FrameAndRow out;
    for (const auto& [record, row] : select(frame, reverse).spatial) out.emplace_back(frame_of(*record), row);
    std::sort(out.begin(), out.end());
    return out;
  }
  /// Distances as they were before they were divided by `window` - 1.
  FrameAndDistance pointers(int frame, int window, bool reverse = false) const {
    FrameAndDistance out;
    for (const auto& [record, time] : select(frame, reverse).pointers) {
      const float distance = time * static_cast<float>(window - 1);
      CHECK(std::abs(distance - std::round(distance)) < 1e-4f);
      out.emplace_back(frame_of(*record), static_cast<int>(std::round(distance)));
    }
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  static int frame_of(const FrameRecord& record) { return static_cast<int>(record.pointer.front()); }
  void add(Records& records, int frame) {
    FrameRecord record;
    record.pointer = {static_cast<float>(frame)};
    record.memory = {1};
    record.order = state.next_order++;
    records.emplace(frame, record);
  }
};

std::vector<int> range(int first, int last) {
  std::vector<int> out;
  for (int i = first; i <= last; ++i) out.push_back(i);
  return out;
}

}  // namespace

TEST_CASE("the last six frames are remembered, the nearest with row 0") {
  CHECK(Bank({0}, range(1, 9)).spatial(10) ==
        FrameAndRow{{0, 6}, {4, 5}, {5, 4}, {6, 3}, {7, 2}, {8, 1}, {9, 0}});
  CHECK(Bank({0}, {1}).spatial(2) == FrameAndRow{{0, 6}, {1, 0}});
  CHECK(Bank({0}, {}).spatial(1) == FrameAndRow{{0, 6}});
}

TEST_CASE("frames that were not tracked leave gaps") {
  CHECK(Bank({0}, {3, 4, 6, 9}).spatial(10) == FrameAndRow{{0, 6}, {4, 5}, {6, 3}, {9, 0}});
}

TEST_CASE("conditioning frames are remembered however far away, before and after") {
  CHECK(Bank({0, 500}, {99}).spatial(100) == FrameAndRow{{0, 6}, {99, 0}, {500, 6}});
}

TEST_CASE("with a stride, the last frame and multiples of the stride are remembered") {
  Bank by_two({0}, range(1, 30));
  by_two.state.options.memory_stride = 2;
  CHECK(by_two.spatial(10) == FrameAndRow{{0, 6}, {2, 4}, {4, 3}, {6, 2}, {8, 1}, {9, 0}});
  CHECK(by_two.spatial(11) == FrameAndRow{{0, 6}, {2, 4}, {4, 3}, {6, 2}, {8, 1}, {10, 0}});
  CHECK(by_two.spatial(14) == FrameAndRow{{0, 6}, {4, 5}, {6, 4}, {8, 3}, {10, 2}, {12, 1}, {13, 0}});

  Bank by_three({0}, range(1, 30));
  by_three.state.options.memory_stride = 3;
  CHECK(by_three.spatial(20) == FrameAndRow{{0, 6}, {6, 5}, {9, 4}, {12, 3}, {15, 2}, {18, 1}, {19, 0}});
  CHECK(by_three.spatial(19) == FrameAndRow{{0, 6}, {3, 5}, {6, 4}, {9, 3}, {12, 2}, {15, 1}, {18, 0}});
}

TEST_CASE("in reverse the frames after are remembered") {
  CHECK(Bank({20}, range(11, 19)).spatial(10, true) ==
        FrameAndRow{{11, 0}, {12, 1}, {13, 2}, {14, 3}, {15, 4}, {16, 5}, {20, 6}});

  Bank by_two({20}, range(0, 19));
  by_two.state.options.memory_stride = 2;
  CHECK(by_two.spatial(9, true) == FrameAndRow{{10, 0}, {12, 1}, {14, 2}, {16, 3}, {18, 4}, {20, 6}});

  Bank by_three({40}, range(0, 39));
  by_three.state.options.memory_stride = 3;
  CHECK(by_three.spatial(10, true) ==
        FrameAndRow{{11, 0}, {12, 1}, {15, 2}, {18, 3}, {21, 4}, {24, 5}, {40, 6}});
  CHECK(by_three.spatial(11, true) ==
        FrameAndRow{{12, 0}, {15, 1}, {18, 2}, {21, 3}, {24, 4}, {27, 5}, {40, 6}});
}

TEST_CASE("multiples of the stride below frame 0 are not frame 0") {
  Bank bank({5}, {0});
  bank.state.options.memory_stride = 3;
  // One before frame 1 is 0; the multiples of 3 at or below 1 - 2 begin at -3.
  CHECK(bank.spatial(1) == FrameAndRow{{0, 0}, {5, 6}});
  CHECK(bank.spatial(0) == FrameAndRow{{5, 6}});
  CHECK(bank.spatial(2) == FrameAndRow{{0, 1}, {5, 6}});
}

TEST_CASE("a limit on conditioning frames takes the nearest before and the nearest at or after first") {
  Bank bank({0, 10, 20, 30, 40}, {});
  TrackingOptions& options = bank.state.options;
  options.max_conditioning_frames = 2;
  CHECK(bank.spatial(22) == FrameAndRow{{20, 6}, {30, 6}});
  CHECK(bank.spatial(39) == FrameAndRow{{30, 6}, {40, 6}});
  CHECK(bank.spatial(20) == FrameAndRow{{10, 6}, {20, 6}});  // frame 20 itself is "at or after"
  CHECK(bank.spatial(50) == FrameAndRow{{30, 6}, {40, 6}});  // none after: the next nearest
  CHECK(bank.spatial(0) == FrameAndRow{{0, 6}, {10, 6}});    // none before
  options.max_conditioning_frames = 3;
  CHECK(bank.spatial(22) == FrameAndRow{{10, 6}, {20, 6}, {30, 6}});
  CHECK(bank.spatial(29) == FrameAndRow{{20, 6}, {30, 6}, {40, 6}});
  options.max_conditioning_frames = 5;
  CHECK(bank.spatial(22).size() == 5);
  options.max_conditioning_frames = -1;
  CHECK(bank.spatial(22).size() == 5);
}

TEST_CASE("conditioning frames equally far away are taken in the order of insertion") {
  for (const auto& order : {std::vector<int>{0, 10, 20, 30, 40}, std::vector<int>{40, 10, 20, 30, 0}}) {
    Bank bank(order, {});
    bank.state.options.max_conditioning_frames = 4;
    // Before 20: 10. At: 20. Nearest of the rest: 30. Then 0 and 40 are both 20 frames away.
    FrameAndRow expected = {{10, 6}, {20, 6}, {30, 6}, {order.front(), 6}};
    std::sort(expected.begin(), expected.end());
    CHECK(bank.spatial(20) == expected);
  }
}

TEST_CASE("conditioning frames that were not selected stand in for tracked ones") {
  Bank bank({0, 8, 9, 20}, range(1, 7));
  bank.state.options.max_conditioning_frames = 2;
  CHECK(bank.spatial(10) == FrameAndRow{{4, 5}, {5, 4}, {6, 3}, {7, 2}, {8, 1}, {9, 6}, {20, 6}});
  CHECK(bank.pointers(10, 16) ==
        FrameAndDistance{{0, 10}, {1, 9}, {2, 8}, {3, 7}, {4, 6}, {5, 5}, {6, 4}, {7, 3}, {8, 2}, {9, 1}});
  bank.state.options.max_conditioning_frames = -1;
  CHECK(
      bank.spatial(10) ==
      FrameAndRow{{0, 6}, {4, 5}, {5, 4}, {6, 3}, {7, 2}, {8, 6}, {9, 6}, {20, 6}});  // once, as conditioning
}

TEST_CASE("pointers come from past conditioning frames and the window before the frame") {
  const Bank bank({0, 30}, range(1, 29));
  FrameAndDistance expected = {{0, 25}};
  for (int t = 10; t <= 24; ++t) expected.emplace_back(t, 25 - t);
  CHECK(bank.pointers(25, 16) == expected);
  // A conditioning frame's own pointer counts, at distance 0; later ones do not.
  CHECK(Bank({0, 20, 30}, {}).pointers(20, 16) == FrameAndDistance{{0, 20}, {20, 0}});
  CHECK(Bank({20}, {}).pointers(10, 16) == FrameAndDistance{});
}

TEST_CASE("in reverse, pointers come from later frames") {
  const Bank bank({0, 60}, range(1, 59));
  FrameAndDistance expected;
  for (int t = 21; t <= 35; ++t) expected.emplace_back(t, t - 20);
  expected.emplace_back(60, 40);
  CHECK(bank.pointers(20, 16, true) == expected);
}

TEST_CASE("the pointers' window counts frames, not pointers") {
  CHECK(Bank({0}, {1, 2, 3, 10}).pointers(18, 16) == FrameAndDistance{{0, 18}, {3, 15}, {10, 8}});
}

TEST_CASE("the clip's length shortens the window and scales distances") {
  Bank bank({0}, range(1, 3));
  bank.state.clip.frame_count = 5;
  CHECK(bank.pointers(4, 5) == FrameAndDistance{{0, 4}, {1, 3}, {2, 2}, {3, 1}});
  CHECK(bank.select(4).pointers[0].time == 1.0f);
  bank.state.clip.frame_count = 3;
  CHECK(bank.pointers(2, 3) == FrameAndDistance{{0, 2}, {1, 1}});
  bank.state.clip.frame_count = 400;
  CHECK(bank.pointers(4, 16) == FrameAndDistance{{0, 4}, {1, 3}, {2, 2}, {3, 1}});
}

TEST_CASE("a clip of one frame divides by no zero") {
  Bank bank({0}, {});
  bank.state.clip.frame_count = 1;
  const MemorySelection selection = bank.select(0);
  REQUIRE(selection.pointers.size() == 1);
  CHECK(selection.pointers[0].time == 0.0f);
  CHECK(selection.spatial.size() == 1);
}

TEST_CASE("the pointer limit sets the window") {
  Bank bank({0}, range(1, 9));
  bank.state.options.max_object_pointers = 4;
  CHECK(bank.pointers(10, 4) == FrameAndDistance{{0, 10}, {7, 3}, {8, 2}, {9, 1}});
  bank.state.options.max_object_pointers = 1;
  const MemorySelection selection = bank.select(10);
  REQUIRE(selection.pointers.size() == 1);
  CHECK(selection.pointers[0].time == 0.0f);
}

TEST_CASE("fewer memories keep their rows, and conditioning frames theirs") {
  Bank bank({0}, range(1, 9));
  bank.state.options.memories = 3;
  CHECK(bank.spatial(10) == FrameAndRow{{0, 6}, {8, 1}, {9, 0}});
  bank.state.options.memories = 1;
  CHECK(bank.spatial(10) == FrameAndRow{{0, 6}});
  bank.state.options.memories = 7;
  CHECK(bank.spatial(10) == Bank({0}, range(1, 9)).spatial(10));
  bank.state.options.memories = 3;
  bank.state.options.memory_stride = 4;
  CHECK(bank.spatial(10) == FrameAndRow{{0, 6}, {8, 1}, {9, 0}});
  CHECK(bank.spatial(9) == FrameAndRow{{0, 6}, {4, 1}, {8, 0}});
}

TEST_CASE("a record without its memory still gives its pointer") {
  Bank bank({0}, range(1, 3));
  bank.track.tracked.at(2).memory.clear();
  CHECK(bank.spatial(4) == FrameAndRow{{0, 6}, {1, 2}, {3, 0}});
  CHECK(bank.pointers(4, 16) == FrameAndDistance{{0, 4}, {1, 3}, {2, 2}, {3, 1}});
}

namespace {

/// Sets what the model said of tracked frames: the IoU estimate of all, then that of some.
void judge(Bank& bank, float all, const std::vector<std::pair<int, float>>& some) {
  for (auto& [frame, record] : bank.track.tracked) {
    record.iou = all;
    record.object_score = 5;
  }
  for (const auto& [frame, iou] : some) bank.track.tracked.at(frame).iou = iou;
}

}  // namespace

TEST_CASE("confident: the last frame, then the nearest with a high estimate that show the object") {
  Bank bank({0}, range(1, 40));
  bank.state.options.memory_policy = MemoryPolicy::confident;
  bank.state.options.min_memory_iou = 0.6f;
  judge(bank, 0.9f, {{39, 0.1f}, {38, 0.5f}, {36, 0.59f}});
  bank.track.tracked.at(35).object_score = -1;
  CHECK(bank.spatial(40) == FrameAndRow{{0, 6}, {31, 5}, {32, 4}, {33, 3}, {34, 2}, {37, 1}, {39, 0}});
  // In reverse the same of the frames after.
  CHECK(bank.spatial(30, true) == FrameAndRow{{0, 6}, {31, 0}, {32, 1}, {33, 2}, {34, 3}, {37, 4}, {40, 5}});
  // Nothing is sought further back than four banks.
  judge(bank, 0.1f, {{12, 0.9f}, {11, 0.9f}});
  CHECK(bank.spatial(40) == FrameAndRow{{0, 6}, {12, 1}, {39, 0}});
}

TEST_CASE("anchored: the best frame so far takes the oldest place, unless it is remembered anyway") {
  Bank bank({0}, range(1, 40));
  bank.state.options.memory_policy = MemoryPolicy::anchored;
  judge(bank, 0.5f, {{7, 0.8f}, {9, 0.8f}});
  CHECK(anchor_frame(bank.track, bank.state.options) == 7);
  CHECK(bank.spatial(40) == FrameAndRow{{0, 6}, {7, 5}, {35, 4}, {36, 3}, {37, 2}, {38, 1}, {39, 0}});
  judge(bank, 0.5f, {{37, 0.8f}});
  CHECK(bank.spatial(40) == FrameAndRow{{0, 6}, {34, 5}, {35, 4}, {36, 3}, {37, 2}, {38, 1}, {39, 0}});
  judge(bank, 0.5f, {{7, 0.8f}});
  bank.track.tracked.at(7).object_score = -1;  // what is not there is no anchor
  CHECK(anchor_frame(bank.track, bank.state.options) != 7);
  bank.state.options.memory_policy = MemoryPolicy::recent;
  CHECK_FALSE(anchor_frame(bank.track, bank.state.options).has_value());
}
