#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "fake_host.h"
#include "weights_files.h"

// Calls that a session refuses: one error that names the value and the limit, and nothing changed.

using namespace masklet;
using namespace masklet::tracking_test;
using Catch::Contains;
using Catch::StartsWith;
using masklet::weights_test::outcome;

namespace {

const float kNaN = std::numeric_limits<float>::quiet_NaN();
const float kInfinity = std::numeric_limits<float>::infinity();

/// A session of 6 frames of 40 x 30 pixels with object 1, tracked, and a click on frame 2 that waits.
struct Refusing {
  std::unique_ptr<Session> session = new_session(6);
  FakeHost host{6};
  std::string before;

  Refusing() {
    run(session->add_points(click(1, 0, 10, 10)));
    run(session->propagate({0, 3, false}));
    run(session->add_points(click(1, 2, 10, 10)));
    before = saved(*session);
  }
  void run(const Status& accepted) {
    REQUIRE(outcome(accepted) == "ok");
    REQUIRE(outcome(host.drive(*session)) == "ok");
  }
  std::string refused(const Status& status) {
    CHECK_FALSE(status.ok());
    CHECK_FALSE(session->busy());
    CHECK((saved(*session) == before));
    return outcome(status);
  }
  std::string points(std::vector<Point> points, int frame = 0) {
    PointPrompt prompt;
    prompt.object = 1;
    prompt.frame = frame;
    prompt.points = std::move(points);
    return refused(session->add_points(prompt));
  }
  std::string boxed(std::array<float, 4> corners, bool clear = true) {
    PointPrompt prompt = box(1, 0, corners);
    prompt.clear_old_points = clear;
    return refused(session->add_points(prompt));
  }
};

}  // namespace

TEST_CASE_METHOD(Refusing, "points outside the frame are refused") {
  const std::string begin = "invalid_argument: the point ";
  CHECK_THAT(points({{40.5f, 10, 1}}), StartsWith(begin) && Contains("(40.5") && Contains("40 x 30"));
  CHECK_THAT(points({{10, 31, 1}}), StartsWith(begin) && Contains("31.0"));
  CHECK_THAT(points({{-0.5f, 10, 1}}), StartsWith(begin) && Contains("-0.5"));
  CHECK_THAT(points({{10, -1, 1}}), StartsWith(begin));
  CHECK_THAT(points({{10, 10, 1}, {10, 1e30f, 1}}), StartsWith(begin));
}

TEST_CASE_METHOD(Refusing, "points that are no numbers are refused") {
  for (const float bad : {kNaN, kInfinity, -kInfinity}) {
    CHECK_THAT(points({{bad, 10, 1}}), StartsWith("invalid_argument: ") && Contains("40 x 30"));
    CHECK_THAT(points({{10, bad, 1}}), StartsWith("invalid_argument: "));
    CHECK_THAT(boxed({bad, 1, 2, 3}), StartsWith("invalid_argument: "));
    CHECK_THAT(boxed({1, 1, bad, 3}), StartsWith("invalid_argument: "));
    CHECK_THAT(boxed({1, 1, 2, bad}), StartsWith("invalid_argument: "));
  }
}

TEST_CASE_METHOD(Refusing, "labels other than 0 and 1 are refused") {
  for (const int label : {-1, 2, 3, 4, std::numeric_limits<int>::min()}) {
    CHECK_THAT(points({{10, 10, label}}), StartsWith("invalid_argument: ") &&
                                              Contains("label " + std::to_string(label)) &&
                                              Contains("1 (object)"));
  }
}

TEST_CASE_METHOD(Refusing, "an empty prompt is refused") {
  CHECK_THAT(points({}), StartsWith("invalid_argument: ") && Contains("at least one"));
}

TEST_CASE_METHOD(Refusing, "boxes upside down, outside or joined to earlier points are refused") {
  CHECK_THAT(boxed({30, 5, 10, 20}),
             StartsWith("invalid_argument: the box") && Contains("top left corner first"));
  CHECK_THAT(boxed({10, 20, 30, 5}), StartsWith("invalid_argument: the box") && Contains("(30.0"));
  CHECK_THAT(boxed({10, 5, 41, 20}), StartsWith("invalid_argument: the point (41.0"));
  CHECK_THAT(boxed({-1, 5, 30, 20}), StartsWith("invalid_argument: the point (-1.0"));
  CHECK_THAT(boxed({10, 5, 30, 20}, false), StartsWith("invalid_argument: ") && Contains("clear"));
}

TEST_CASE_METHOD(Refusing, "frames that the clip does not have are refused") {
  const std::string begin = "frame_out_of_range: frame ";
  for (const int frame : {-1, 6, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    const std::string said = begin + std::to_string(frame) + " is not in the clip; its frames are 0 to 5";
    CHECK_THAT(points({{10, 10, 1}}, frame), StartsWith(said));
    CHECK_THAT(refused(session->add_mask(mask(1, frame, 0, 0, 5, 5))), StartsWith(said));
    CHECK_THAT(refused(session->clear_prompts(1, frame)), StartsWith(said));
    CHECK_THAT(refused(session->show(frame)), StartsWith(said));
    CHECK_THAT(refused(session->propagate({frame, std::nullopt, false})), StartsWith(said));
    CHECK_THAT(refused(session->propagate({frame, std::nullopt, true})), StartsWith(said));
  }
}

TEST_CASE("a stream has no frames below 0, and none beyond what frames are counted with") {
  const auto session = new_session(0);
  CHECK_THAT(outcome(session->add_points(click(1, -1, 10, 10))), StartsWith("frame_out_of_range: frame -1"));
  CHECK_THAT(outcome(session->add_points(click(1, kMaxFrames, 10, 10))),
             StartsWith("frame_out_of_range: ") && Contains(std::to_string(kMaxFrames - 1)));
  FakeHost host(kMaxFrames);
  // The last frame of all, attending backwards and forwards.
  REQUIRE(outcome(session->add_points(click(1, kMaxFrames - 1, 10, 10))) == "ok");
  REQUIRE(outcome(host.drive(*session)) == "ok");
  REQUIRE(outcome(session->propagate({std::nullopt, 2, true})) == "ok");
  REQUIRE(outcome(host.drive(*session)) == "ok");
  REQUIRE(outcome(session->propagate({kMaxFrames - 2, std::nullopt, false})) == "ok");
  REQUIRE(outcome(host.drive(*session)) == "ok");
  CHECK(host.reported.size() == 6);
  CHECK(host.violations == std::vector<std::string>{});
}

TEST_CASE_METHOD(Refusing, "unknown objects are refused, and the known ones named") {
  CHECK_THAT(refused(session->clear_prompts(2, 0)),
             StartsWith("unknown_object: ") && Contains("no object 2") && Contains("known are 1"));
  CHECK_THAT(refused(session->remove_object(-1)), StartsWith("unknown_object: ") && Contains("no object -1"));
  const auto empty = new_session(6);
  CHECK_THAT(outcome(empty->remove_object(1)),
             StartsWith("unknown_object: ") && Contains("none has been prompted"));
}

TEST_CASE_METHOD(Refusing, "masks that are not of the size given are refused") {
  MaskPrompt prompt = mask(1, 0, 0, 0, 5, 5);
  prompt.bitmap.pop_back();
  CHECK_THAT(refused(session->add_mask(prompt)),
             StartsWith("invalid_argument: ") && Contains("1199 pixels") && Contains("40 x 30"));
  prompt.bitmap.clear();
  CHECK_THAT(refused(session->add_mask(prompt)), StartsWith("invalid_argument: ") && Contains("0 pixels"));
  for (const auto& [width, height] :
       {std::pair{0, 0}, std::pair{-1, -1}, std::pair{0, 5}, std::pair{65536, 65536}}) {
    prompt.width = width;
    prompt.height = height;
    CHECK_THAT(refused(session->add_mask(prompt)),
               StartsWith("invalid_argument: ") && Contains(std::to_string(width) + " x "));
  }
}

TEST_CASE_METHOD(Refusing, "a length below 0 is refused") {
  CHECK_THAT(refused(session->propagate({0, -1, false})),
             StartsWith("invalid_argument: ") && Contains("-1 frames"));
}

TEST_CASE("options out of range are refused by name") {
  struct Case {
    const char* name;
    int TrackingOptions::*option;
    std::vector<int> refused, accepted;
  };
  const Case cases[] = {
      {"fill_hole_area", &TrackingOptions::fill_hole_area, {-1}, {0, 1000}},
      {"memory_stride", &TrackingOptions::memory_stride, {0, -1, 65537, 1 << 30}, {1, 65536}},
      {"max_conditioning_frames", &TrackingOptions::max_conditioning_frames, {-2, 0, 1}, {-1, 2, 100}},
      {"max_object_pointers", &TrackingOptions::max_object_pointers, {0, -1, 65}, {1, 64}},
      {"memories", &TrackingOptions::memories, {-1, 8}, {0, 1, 7}},
      {"history_frames", &TrackingOptions::history_frames, {-2}, {-1, 0, 100}},
      {"cached_frames", &TrackingOptions::cached_frames, {0, -1, 4097}, {1, 4096}},
  };
  for (const Case& option : cases) {
    INFO(option.name);
    for (const int value : option.refused) {
      TrackingOptions options;
      options.*option.option = value;
      CHECK_THAT(
          outcome(Session::create(shared_model(), small_clip(6), options)),
          StartsWith("invalid_argument: ") && Contains(option.name) && Contains(std::to_string(value)));
    }
    for (const int value : option.accepted) {
      TrackingOptions options;
      options.*option.option = value;
      CHECK(outcome(Session::create(shared_model(), small_clip(6), options)) == "ok");
    }
  }
}

TEST_CASE("the longest stride and the most memories stay within their integers") {
  TrackingOptions options;
  options.memory_stride = 65536;
  options.clear_memory_around_prompts = true;
  options.history_frames = 0;
  const auto session = new_session(4, options);
  FakeHost host(4);
  REQUIRE(session->add_points(click(1, 1, 10, 10)).ok());
  REQUIRE(outcome(host.drive(*session)) == "ok");
  for (const bool reverse : {false, true}) {
    REQUIRE(session->propagate({std::nullopt, std::nullopt, reverse}).ok());
    REQUIRE(outcome(host.drive(*session)) == "ok");
  }
  CHECK(host.violations == std::vector<std::string>{});
}

TEST_CASE("clips out of range are refused") {
  for (const Clip& clip : {Clip{0, 30, 6}, Clip{40, 0, 6}, Clip{-1, -1, 6}, Clip{32769, 30, 6},
                           Clip{40, 32769, 6}, Clip{40, 30, -1}, Clip{40, 30, kMaxFrames + 1}}) {
    CHECK_THAT(outcome(Session::create(shared_model(), clip, {})), StartsWith("invalid_argument: the clip"));
  }
  CHECK(Session::create(shared_model(), {1, 1, 0}, {}).ok());
  CHECK(Session::create(shared_model(), {32768, 32768, kMaxFrames}, {}).ok());
}
