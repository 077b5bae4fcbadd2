#include <algorithm>
#include <catch2/catch.hpp>

#include "core/graph/networks.h"
#include "fake_host.h"
#include "weights_files.h"

// Prompts on frames that were tracked, and prompts and objects taken back.

using namespace masklet;
using namespace masklet::tracking_test;
using Catch::Contains;
using Catch::StartsWith;
using masklet::weights_test::outcome;
namespace names = masklet::tensor_names;

namespace {

/// Six frames, tracked forward from a click on frame `prompted`.
struct Tracked {
  std::unique_ptr<Session> session;
  FakeHost host{6};

  explicit Tracked(const TrackingOptions& options = {}, int prompted = 0, bool reverse = false)
      : session(new_session(6, options)) {
    run(session->add_points(click(1, prompted, 10, 10)));
    run(session->propagate({std::nullopt, std::nullopt, reverse}));
  }
  void run(const Status& accepted) {
    REQUIRE(outcome(accepted) == "ok");
    REQUIRE(outcome(host.drive(*session)) == "ok");
    CHECK(host.violations == std::vector<std::string>{});
  }
  const SessionState& state() const { return **session->state(); }
  const ObjectTrack& track(int object = 1) const { return *state().find(object); }
  RunNetwork last(NetworkId network) const { return runs_of(host.runs, network).back(); }
  std::size_t count(NetworkId network) const { return runs_of(host.runs, network).size(); }
};

TrackingOptions corrections_kept(bool kept) {
  TrackingOptions options;
  options.keep_corrections = kept;
  return options;
}

}  // namespace

TEST_CASE("a correction attends to memory and refines the logits that were tracked") {
  const bool kept = GENERATE(true, false);
  Tracked t(corrections_kept(kept));
  const FrameResult tracked = t.host.last_report(2);
  t.run(t.session->add_points(click(1, 2, 20, 20, 0)));
  CHECK(temporal_rows(t.last(NetworkId::memory_attention)) == std::vector<std::int64_t>{6, 0});
  const RunNetwork decode = t.last(NetworkId::mask_decoder);
  CHECK(flag(decode, names::kNoMemory) == 0.0f);
  CHECK(flag(decode, names::kHasMask) == 1.0f);
  CHECK_FALSE(same(t.host.last_report(2), tracked));
  CHECK(keys(t.track().pending_conditioning) == (kept ? Frames{2} : Frames{}));
  CHECK(keys(t.track().pending_tracked) == (kept ? Frames{} : Frames{2}));

  // A second click refines the first one's answer.
  const FrameResult first = t.host.last_report(2);
  PointPrompt more = click(1, 2, 8, 8);
  more.clear_old_points = false;
  t.run(t.session->add_points(more));
  const float previous = first.objects[0].low_res_logits[0];
  CHECK(input(t.last(NetworkId::mask_decoder), names::kMaskPrompt).f32()[0] ==
        std::min(std::max(previous, -32.0f), 32.0f));
}

TEST_CASE("corrections stick: the frame becomes a conditioning frame") {
  Tracked t(corrections_kept(true));
  t.run(t.session->add_points(click(1, 2, 20, 20, 0)));
  const FrameResult corrected = t.host.last_report(2);
  const std::size_t encoded = t.count(NetworkId::memory_encoder);
  t.run(t.session->propagate({}));
  CHECK(same(t.host.last_report(2), corrected));
  CHECK(keys(t.track().conditioning) == Frames{0, 2});
  CHECK(keys(t.track().tracked) == Frames{1, 3, 4, 5});
  const RunNetwork remembered = runs_of(t.host.runs, NetworkId::memory_encoder)[encoded];
  CHECK(flag(remembered, names::kBinarise) == 1.0f);
  CHECK(temporal_rows(t.last(NetworkId::memory_attention)) == std::vector<std::int64_t>{6, 6, 3, 1, 0});
}

TEST_CASE("corrections that are not kept are tracked over, as in the reference") {
  Tracked t(corrections_kept(false));
  const FrameResult tracked = t.host.last_report(2);
  t.run(t.session->add_points(click(1, 2, 20, 20, 0)));
  CHECK_FALSE(same(t.host.last_report(2), tracked));
  t.run(t.session->propagate({}));
  CHECK(same(t.host.last_report(2), tracked));
  CHECK(keys(t.track().conditioning) == Frames{0});
  CHECK(t.track().pending_tracked.empty());
}

TEST_CASE("a correction that is not kept is remembered by propagations that start after it") {
  Tracked t(corrections_kept(false));
  const FrameResult tracked = t.host.last_report(3);
  t.run(t.session->add_points(click(1, 2, 20, 20, 0)));
  t.run(t.session->propagate({3, std::nullopt, false}));
  CHECK_FALSE(same(t.host.last_report(3), tracked));
}

TEST_CASE("masks correct tracked frames, too") {
  const bool kept = GENERATE(true, false);
  Tracked t(corrections_kept(kept));
  const std::size_t attended = t.count(NetworkId::memory_attention);
  t.run(t.session->add_mask(mask(1, 2, 0, 0, 20, 30)));
  CHECK(t.count(NetworkId::memory_attention) == attended);  // the mask is the answer
  CHECK(keys(t.track().pending_conditioning) == (kept ? Frames{2} : Frames{}));
  t.run(t.session->propagate({}));
  CHECK(keys(t.track().conditioning) == (kept ? Frames{0, 2} : Frames{0}));
}

TEST_CASE("a correction attends in the direction in which its frame was tracked last") {
  Tracked t({}, 5, true);
  t.run(t.session->add_points(click(1, 2, 20, 20)));
  RunNetwork attend = t.last(NetworkId::memory_attention);
  CHECK(temporal_rows(attend) == std::vector<std::int64_t>{6, 1, 0});  // frames 5, 4 and 3
  CHECK(input(attend, names::kPointers).shape[0] == 3);
  CHECK(input(attend, names::kPointerTime).f32()[0] == 3.0f / 5);

  t.run(t.session->propagate({0, std::nullopt, false}));
  t.run(t.session->add_points(click(1, 3, 20, 20)));
  attend = t.last(NetworkId::memory_attention);
  // Conditioning frames 2 and 5; tracked before frame 3: 0 and 1.
  CHECK(temporal_rows(attend) == std::vector<std::int64_t>{6, 6, 2, 1});
  CHECK(input(attend, names::kPointers).shape[0] == 3);  // of frames 2, 1 and 0: 5 is in the future
}

TEST_CASE("a conditioning frame that is clicked again attends to its own memory") {
  Tracked t;
  t.run(t.session->add_points(click(1, 0, 20, 20)));
  const RunNetwork attend = t.last(NetworkId::memory_attention);
  CHECK(temporal_rows(attend) == std::vector<std::int64_t>{6});
  CHECK(input(attend, names::kPointerTime).f32()[0] == 0.0f);
  CHECK(flag(t.last(NetworkId::mask_decoder), names::kNoMemory) == 0.0f);
  CHECK(flag(t.last(NetworkId::mask_decoder), names::kHasMask) == 1.0f);
}

TEST_CASE("a frame that was not reached starts afresh, although the object has memories") {
  const auto session = new_session(6);
  FakeHost host(6);
  REQUIRE(outcome(session->add_points(click(1, 0, 10, 10))) == "ok");
  REQUIRE(outcome(host.drive(*session)) == "ok");
  REQUIRE(outcome(session->propagate({0, 2, false})) == "ok");
  REQUIRE(outcome(host.drive(*session)) == "ok");
  const std::size_t attended = runs_of(host.runs, NetworkId::memory_attention).size();
  REQUIRE(outcome(session->add_points(click(1, 4, 10, 10))) == "ok");
  REQUIRE(outcome(host.drive(*session)) == "ok");
  CHECK(runs_of(host.runs, NetworkId::memory_attention).size() == attended);
  const RunNetwork decode = runs_of(host.runs, NetworkId::mask_decoder).back();
  CHECK(flag(decode, names::kNoMemory) == 1.0f);
  CHECK(flag(decode, names::kHasMask) == 0.0f);
}

TEST_CASE("prompts can forget the tracked memories around them") {
  TrackingOptions options;
  options.clear_memory_around_prompts = true;
  options.memories = 2;  // two frames on either side
  Tracked t(options);
  CHECK(keys(t.track().tracked) == Frames{1, 2, 3, 4, 5});
  t.run(t.session->add_points(click(1, 1, 20, 20)));
  // Taken without tracking anything anew: in reverse from frame 0.
  t.run(t.session->propagate({0, std::nullopt, true}));
  CHECK(keys(t.track().conditioning) == Frames{0, 1});
  CHECK(keys(t.track().tracked) == Frames{4, 5});
}

TEST_CASE("a cleared prompt leaves its frame tracked") {
  Tracked t;
  t.run(t.session->add_points(click(1, 3, 20, 20)));
  t.run(t.session->propagate({}));
  const FrameResult corrected = t.host.last_report(3);
  REQUIRE(keys(t.track().conditioning) == Frames{0, 3});

  t.run(t.session->clear_prompts(1, 3));
  CHECK(same(t.host.reported.back(), corrected));
  CHECK(keys(t.track().conditioning) == Frames{0});
  CHECK(keys(t.track().tracked) == Frames{1, 2, 3, 4, 5});
  CHECK_FALSE(t.track().prompts.contains(3));
  // It was not tracked itself: a new click starts afresh.
  t.run(t.session->add_points(click(1, 3, 20, 20)));
  CHECK(flag(t.last(NetworkId::mask_decoder), names::kNoMemory) == 1.0f);
}

TEST_CASE("a cleared prompt that was not propagated yet is gone") {
  Tracked t;
  const FrameResult tracked = t.host.last_report(3);
  t.run(t.session->add_points(click(1, 3, 20, 20)));
  CHECK_FALSE(same(t.host.reported.back(), tracked));
  t.run(t.session->clear_prompts(1, 3));
  CHECK(same(t.host.reported.back(), tracked));
  CHECK(t.track().pending_conditioning.empty());
}

TEST_CASE("an object whose last prompt is cleared stays, and can be prompted again") {
  Tracked t;
  t.run(t.session->clear_prompts(1, 0));
  CHECK(t.host.reported.back().objects.size() == 1);
  CHECK_THAT(outcome(t.session->propagate({})), StartsWith("invalid_state: object 1 has no prompt left"));
  // No conditioning memory is left to attend to: a click on a tracked frame starts afresh.
  t.run(t.session->add_points(click(1, 2, 20, 20)));
  CHECK(flag(t.last(NetworkId::mask_decoder), names::kNoMemory) == 1.0f);
  t.run(t.session->propagate({}));
  CHECK(keys(t.track().conditioning) == Frames{2});
}

TEST_CASE("clearing where nothing was prompted changes nothing") {
  Tracked t;
  const std::string before = saved(*t.session);
  t.run(t.session->clear_prompts(1, 4));
  CHECK((saved(*t.session) == before));
}

TEST_CASE("a removed object is forgotten and the others stay as they were") {
  Tracked t;
  t.run(t.session->add_points(click(2, 1, 20, 20)));
  t.run(t.session->propagate({}));
  const ObjectResult kept = t.host.last_report(5).objects.at(0);
  CHECK(t.session->remove_object(2).ok());
  t.run(t.session->show(5));
  REQUIRE(t.host.reported.back().objects.size() == 1);
  CHECK(same(t.host.reported.back().objects[0], kept));
  CHECK_THAT(outcome(t.session->remove_object(2)), StartsWith("unknown_object: ") && Contains("known are 1"));
  // The same number again is a new object.
  t.run(t.session->add_points(click(2, 1, 20, 20)));
  CHECK(flag(t.last(NetworkId::mask_decoder), names::kHasMask) == 0.0f);
  CHECK(t.track(2).conditioning.empty());
}

TEST_CASE("removing the last object leaves a session that can begin again") {
  Tracked t;
  CHECK(t.session->remove_object(1).ok());
  CHECK_THAT(outcome(t.session->propagate({})), StartsWith("invalid_state: "));
  t.run(t.session->add_points(click(1, 0, 10, 10)));
  t.run(t.session->propagate({}));
  CHECK(same(t.host.last_report(5), Tracked().host.last_report(5)));
}

TEST_CASE("a reset session does what a new one does") {
  Tracked t;
  CHECK(t.session->reset().ok());
  CHECK(t.state().objects.empty());
  t.run(t.session->add_points(click(1, 0, 10, 10)));
  t.run(t.session->propagate({}));
  const Tracked fresh;
  for (int frame = 0; frame < 6; ++frame)
    CHECK(same(t.host.last_report(frame), fresh.host.last_report(frame)));
}

TEST_CASE("conditioning frames beyond the limit count as tracked ones") {
  TrackingOptions options;
  options.max_conditioning_frames = 2;
  Tracked t(options);
  for (const int frame : {1, 2}) t.run(t.session->add_points(click(1, frame, 20, 20)));
  t.run(t.session->propagate({}));
  // Frame 5: of 0, 1 and 2 the nearest two; 0 stands in for a tracked frame, 5 frames back.
  CHECK(temporal_rows(t.last(NetworkId::memory_attention)) == std::vector<std::int64_t>{6, 6, 4, 1, 0});
}
