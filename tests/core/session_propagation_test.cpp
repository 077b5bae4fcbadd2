#include <catch2/catch.hpp>
#include <cstring>

#include "core/graph/networks.h"
#include "fake_host.h"
#include "weights_files.h"

// Which frames a propagation goes through, what it remembers of them and what it forgets.

using namespace masklet;
using namespace masklet::tracking_test;
using Catch::Contains;
using Catch::StartsWith;
using masklet::weights_test::outcome;
namespace names = masklet::tensor_names;

namespace {

struct Tracking {
  std::unique_ptr<Session> session;
  FakeHost host;

  explicit Tracking(int frame_count, const TrackingOptions& options = {}, int frames_there = 0)
      : session(new_session(frame_count, options)), host(frames_there ? frames_there : frame_count) {
    REQUIRE(session);
  }
  void run(const Status& accepted) {
    REQUIRE(outcome(accepted) == "ok");
    REQUIRE(outcome(host.drive(*session)) == "ok");
  }
  void add(const PointPrompt& prompt) { run(session->add_points(prompt)); }

  /// The frames that a propagation reports.
  Frames frames_of(const PropagateRequest& request) {
    const std::size_t before = host.reported.size();
    run(session->propagate(request));
    Frames frames;
    for (std::size_t i = before; i < host.reported.size(); ++i) frames.push_back(host.reported[i].frame);
    return frames;
  }
  const SessionState& state() const { return **session->state(); }
  const ObjectTrack& track(int object = 1) const { return *state().find(object); }
};

}  // namespace

TEST_CASE("a propagation starts at the earliest prompt and goes to the end of the clip") {
  Tracking t(6);
  t.add(click(1, 4, 10, 10));
  t.add(click(2, 2, 10, 10));
  CHECK(t.frames_of({}) == Frames{2, 3, 4, 5});
  CHECK(keys(t.track(1).conditioning) == Frames{4});
  CHECK(keys(t.track(1).tracked) == Frames{2, 3, 5});
  CHECK(keys(t.track(2).tracked) == Frames{3, 4, 5});
  CHECK(t.host.violations == std::vector<std::string>{});
}

TEST_CASE("start and length choose the frames, the last one included") {
  Tracking t(10);
  t.add(click(1, 2, 10, 10));
  CHECK(t.frames_of({std::nullopt, 3, false}) == Frames{2, 3, 4, 5});
  CHECK(t.frames_of({4, 2, false}) == Frames{4, 5, 6});
  CHECK(t.frames_of({0, 0, false}) == Frames{0});
  CHECK(t.frames_of({7, std::nullopt, false}) == Frames{7, 8, 9});
  CHECK(t.frames_of({7, 100, false}) == Frames{7, 8, 9});
  CHECK(t.frames_of({9, 2147483647, false}) == Frames{9});
  CHECK(t.host.violations == std::vector<std::string>{});
}

TEST_CASE("in reverse a propagation goes down to frame 0") {
  Tracking t(10);
  t.add(click(1, 3, 10, 10));
  CHECK(t.frames_of({std::nullopt, std::nullopt, true}) == Frames{3, 2, 1, 0});
  CHECK(t.frames_of({6, 2, true}) == Frames{6, 5, 4});
  CHECK(t.frames_of({1, 2147483647, true}) == Frames{1, 0});
  CHECK(t.frames_of({6, 0, true}) == Frames{6});
}

TEST_CASE("in reverse from frame 0 there is nothing to do, but prompts are taken") {
  Tracking t(6);
  t.add(click(1, 0, 10, 10));
  CHECK(t.frames_of({std::nullopt, std::nullopt, true}) == Frames{});
  CHECK(keys(t.track().conditioning) == Frames{0});
  CHECK(t.track().pending_conditioning.empty());
  CHECK_FALSE(t.state().propagation);
}

TEST_CASE("conditioning frames return the masks that were shown for their prompts") {
  Tracking t(6);
  t.add(click(1, 0, 10, 10));
  t.add(click(1, 3, 20, 10));
  const FrameResult first = t.host.reported[0], second = t.host.reported[1];
  t.frames_of({});
  CHECK(same(t.host.last_report(0), first));
  CHECK(same(t.host.last_report(3), second));
}

TEST_CASE("tracked frames get no prompt, and attend to what came before") {
  Tracking t(6);
  t.add(click(1, 0, 10, 10));
  t.frames_of({});
  const auto decodes = runs_of(t.host.runs, NetworkId::mask_decoder);
  REQUIRE(decodes.size() == 6);
  for (std::size_t i = 1; i < decodes.size(); ++i) {
    const auto labels = input(decodes[i], names::kLabels).as<std::int64_t>();
    CHECK(std::vector<std::int64_t>(labels.begin(), labels.end()) == std::vector<std::int64_t>{-1, -1});
    CHECK(flag(decodes[i], names::kHasMask) == 0.0f);
    CHECK(flag(decodes[i], names::kNoMemory) == 0.0f);
  }
  const auto attends = runs_of(t.host.runs, NetworkId::memory_attention);
  REQUIRE(attends.size() == 5);
  CHECK(temporal_rows(attends[0]) == std::vector<std::int64_t>{6});
  CHECK(temporal_rows(attends[4]) == std::vector<std::int64_t>{6, 3, 2, 1, 0});
  CHECK(input(attends[4], names::kPointers).shape == Shape{5, 32});
  CHECK(input(attends[4], names::kPointerTime).f32()[0] == 1.0f);  // 5 frames of a clip of 6
}

TEST_CASE("memories of prompts are binarised, those of tracked frames are not") {
  Tracking t(4);
  t.add(click(1, 0, 10, 10));
  t.run(t.session->add_mask(mask(1, 2, 0, 0, 20, 30)));
  t.frames_of({});
  const auto remembers = runs_of(t.host.runs, NetworkId::memory_encoder);
  REQUIRE(remembers.size() == 4);  // prompts on 0 and 2 first, then frames 1 and 3
  CHECK(flag(remembers[0], names::kBinarise) == 1.0f);
  CHECK(flag(remembers[1], names::kBinarise) == 1.0f);
  CHECK(flag(remembers[2], names::kBinarise) == 0.0f);
  CHECK(flag(remembers[3], names::kBinarise) == 0.0f);
}

TEST_CASE("memories of frames without the object say so") {
  Tracking t(3);
  float score = 1;
  t.host.edit = [&](const RunNetwork& step, std::vector<Tensor>& outputs) {
    if (step.network == NetworkId::mask_decoder) outputs[3].f32()[0] = score;
  };
  t.add(click(1, 0, 10, 10));
  score = 0;  // not above 0: absent
  t.run(t.session->add_mask(mask(2, 0, 0, 0, 0, 0)));
  t.frames_of({});
  const auto remembers = runs_of(t.host.runs, NetworkId::memory_encoder);
  REQUIRE(remembers.size() == 6);
  CHECK(flag(remembers[0], names::kNoObject) == 0.0f);
  CHECK(flag(remembers[1], names::kNoObject) == 1.0f);
  CHECK(flag(remembers[2], names::kNoObject) == 1.0f);
  CHECK(input(remembers[2], names::kMaskLogits).f32()[0] == -1024.0f);
}

TEST_CASE("holes are filled in what is shown, not in what tracked frames are remembered by") {
  for (const int area : {8, 0}) {
    TrackingOptions options;
    options.fill_hole_area = area;
    Tracking t(3, options);
    t.host.edit = [](const RunNetwork& step, std::vector<Tensor>& outputs) {
      if (step.network != NetworkId::mask_decoder) return;
      for (float& logit : outputs[0].f32()) logit = 6;
      for (int k = 0; k < 4; ++k) outputs[0].f32()[256 * k + 17] = -4;
      outputs[3].f32()[0] = 3;
    };
    t.add(click(1, 0, 10, 10));
    t.frames_of({});
    const float shown = area ? 0.1f : -4.0f;
    for (const FrameResult& result : t.host.reported) CHECK(result.objects[0].low_res_logits[17] == shown);
    const auto remembers = runs_of(t.host.runs, NetworkId::memory_encoder);
    REQUIRE(remembers.size() == 3);
    CHECK(input(remembers[0], names::kMaskLogits).f32()[17] == shown);  // a prompt: what the person saw
    CHECK(input(remembers[1], names::kMaskLogits).f32()[17] == -4.0f);
    CHECK(input(remembers[2], names::kMaskLogits).f32()[17] == -4.0f);
  }
}

TEST_CASE("memories are bf16") {
  Tracking t(3);
  t.add(click(1, 0, 10, 10));
  t.frames_of({});
  const RunNetwork attend = runs_of(t.host.runs, NetworkId::memory_attention)[0];
  for (const float value : input(attend, names::kSpatialMemory).f32()) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    CHECK((bits & 0xffff) == 0);
  }
}

TEST_CASE("objects do not influence each other") {
  Tracking both(6), alone(6);
  both.add(click(1, 0, 10, 10));
  both.add(box(2, 1, {3, 3, 20, 20}));
  both.frames_of({0, std::nullopt, false});
  alone.add(click(1, 0, 10, 10));
  alone.frames_of({0, std::nullopt, false});
  for (int frame = 0; frame < 6; ++frame) {
    CHECK(same(both.host.last_report(frame).objects.at(0), alone.host.last_report(frame).objects.at(0)));
  }
  CHECK(both.host.last_report(5).objects.size() == 2);
}

TEST_CASE("an object added after tracking joins the next propagation") {
  Tracking t(6);
  t.add(click(1, 0, 10, 10));
  t.frames_of({});
  const FrameResult before = t.host.last_report(5);
  t.add(click(2, 3, 20, 20));
  REQUIRE(t.host.reported.back().objects.size() == 2);  // the frame's other object is reported with it
  CHECK(flag(runs_of(t.host.runs, NetworkId::mask_decoder).back(), names::kNoMemory) == 1.0f);
  CHECK(t.frames_of({}) == Frames{0, 1, 2, 3, 4, 5});
  const FrameResult after = t.host.last_report(5);
  REQUIRE(after.objects.size() == 2);
  CHECK(same(after.objects[0], before.objects[0]));
}

TEST_CASE("a stream goes on until the host says that it ended") {
  Tracking t(0, {}, 5);
  t.add(click(1, 0, 10, 10));
  CHECK(t.frames_of({}) == Frames{0, 1, 2, 3, 4});
  CHECK(t.state().clip.frame_count == 5);
  CHECK_FALSE(t.state().propagation);
  CHECK_THAT(outcome(t.session->show(5)), StartsWith("frame_out_of_range: ") && Contains("0 to 4"));
  CHECK(t.frames_of({3, std::nullopt, false}) == Frames{3, 4});
}

TEST_CASE("a prompt beyond a stream's end fails and tells its length") {
  Tracking t(0, {}, 5);
  REQUIRE(outcome(t.session->add_points(click(1, 5, 10, 10))) == "ok");
  CHECK_THAT(outcome(t.host.drive(*t.session)),
             StartsWith("frame_out_of_range: ") && Contains("before frame 5"));
  CHECK(t.state().objects.empty());
  CHECK(t.state().clip.frame_count == 5);
  t.add(click(1, 4, 10, 10));
  CHECK(t.frames_of({}) == Frames{4});
}

TEST_CASE("a clip that ends before the length it was given stops there") {
  Tracking t(10, {}, 4);
  t.add(click(1, 0, 10, 10));
  CHECK(t.frames_of({}) == Frames{0, 1, 2, 3});
  CHECK(t.state().clip.frame_count == 4);
}

TEST_CASE("a propagation needs a prompt for every object") {
  Tracking t(6);
  CHECK_THAT(outcome(t.session->propagate({})), StartsWith("invalid_state: ") && Contains("no object"));
  CHECK_THAT(outcome(t.session->continue_propagation()),
             StartsWith("invalid_state: ") && Contains("under way"));
  t.add(click(1, 0, 10, 10));
  t.add(click(2, 1, 10, 10));
  t.run(t.session->clear_prompts(2, 1));
  CHECK_THAT(outcome(t.session->propagate({})), StartsWith("invalid_state: object 2 has no prompt left"));
  CHECK(t.session->remove_object(2).ok());
  CHECK(t.frames_of({}).size() == 6);
}

TEST_CASE("history bounds what is kept and does not change what is tracked forward") {
  constexpr int kFrames = 60;
  Tracking all(kFrames);
  TrackingOptions options;
  options.history_frames = 0;
  Tracking bounded(kFrames, options);
  for (Tracking* t : {&all, &bounded}) {
    t->add(click(1, 0, 10, 10));
    t->frames_of({});
  }
  REQUIRE(all.host.reported.size() == bounded.host.reported.size());
  for (std::size_t i = 0; i < all.host.reported.size(); ++i)
    CHECK(same(all.host.reported[i], bounded.host.reported[i]));
  CHECK(all.track().tracked.size() == kFrames - 1);
  // What tracking itself looks back at stays: 16 frames of pointers, also beside the prompt, from where the way back
  // starts.
  CHECK(bounded.track().tracked.size() <= 33);
  CHECK(bounded.track().tracked.contains(16));
  CHECK_FALSE(bounded.track().tracked.contains(17));
  CHECK(keys(bounded.track().conditioning) == Frames{0});
}

TEST_CASE("history also covers a long stride, and what was asked for") {
  constexpr int kFrames = 120;
  for (const int history : {-1, 0, 30}) {
    TrackingOptions options;
    options.memory_stride = 4;
    options.max_object_pointers = 2;
    options.history_frames = history;
    Tracking t(kFrames, options);
    t.add(click(1, 0, 10, 10));
    t.frames_of({});
    // Frame 119 remembers 0, then 118, and 116, 112, 108, 104 and 100: multiples of 4 from 117 down.
    const auto attend = runs_of(t.host.runs, NetworkId::memory_attention).back();
    CHECK(temporal_rows(attend) == std::vector<std::int64_t>{6, 5, 4, 3, 2, 1, 0});
    CHECK(t.track().tracked.size() == (history < 0 ? 119u : history == 0 ? 28u + 29u : 30u + 31u));
  }
}

TEST_CASE("tracked frames further away than the history can still be prompted anew") {
  TrackingOptions options;
  options.history_frames = 0;
  Tracking t(90, options);
  t.add(click(1, 0, 10, 10));
  t.frames_of({});
  t.add(click(1, 30, 10, 10));
  const RunNetwork decode = runs_of(t.host.runs, NetworkId::mask_decoder).back();
  CHECK(flag(decode, names::kHasMask) == 0.0f);  // its logits are forgotten
  CHECK(flag(decode, names::kNoMemory) == 0.0f);
  CHECK(t.host.violations == std::vector<std::string>{});
}

TEST_CASE("history holds on to the anchor of the anchored policy") {
  TrackingOptions options;
  options.history_frames = 0;
  options.memory_policy = MemoryPolicy::anchored;
  Tracking t(90, options);
  t.host.edit = [&](const RunNetwork& step, std::vector<Tensor>& outputs) {
    if (step.network != NetworkId::mask_decoder) return;
    const bool best = t.host.frames_asked.back() == 30;
    for (float& iou : outputs[1].f32()) iou = best ? 0.9f : 0.5f;
    outputs[3].f32()[0] = 3;
  };
  t.add(click(1, 0, 10, 10));
  t.frames_of({});
  CHECK(t.track().tracked.contains(30));
  CHECK_FALSE(t.track().tracked.contains(31));
  CHECK(anchor_frame(t.track(), options) == 30);
}

TEST_CASE("a score that is no number is the runtime's failure, and the session can still be saved") {
  for (const int scalar : {1, 3}) {
    Tracking t(3);
    t.add(click(1, 0, 10, 10));
    const std::string before = saved(*t.session);
    t.host.edit = [&](const RunNetwork& step, std::vector<Tensor>& outputs) {
      if (step.network == NetworkId::mask_decoder)
        outputs[scalar].f32()[0] = std::numeric_limits<float>::quiet_NaN();
    };
    REQUIRE(outcome(t.session->add_points(click(1, 0, 20, 10))) == "ok");
    CHECK(outcome(t.host.drive(*t.session)).rfind("runtime_failed: the mask decoder", 0) == 0);
    CHECK((saved(*t.session) == before));
  }
}

TEST_CASE("one memory: only conditioning frames are attended to") {
  TrackingOptions options;
  options.memories = 1;
  Tracking t(5, options);
  t.add(click(1, 0, 10, 10));
  t.frames_of({});
  for (const RunNetwork& attend : runs_of(t.host.runs, NetworkId::memory_attention))
    CHECK(temporal_rows(attend) == std::vector<std::int64_t>{6});
}

TEST_CASE("a clip of one frame can be propagated") {
  Tracking t(1);
  t.add(click(1, 0, 10, 10));
  CHECK(t.frames_of({}) == Frames{0});
  t.add(click(1, 0, 20, 10));  // attends to itself, with a window of one frame
  const RunNetwork attend = runs_of(t.host.runs, NetworkId::memory_attention).back();
  CHECK(input(attend, names::kPointerTime).f32()[0] == 0.0f);
  CHECK(t.host.violations == std::vector<std::string>{});
}
