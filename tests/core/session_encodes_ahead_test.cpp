#include <catch2/catch.hpp>

#include "fake_host.h"
#include "weights_files.h"

// Propagation for hosts that run the image encoder beside the other networks.

using namespace masklet;
using namespace masklet::tracking_test;
using Catch::StartsWith;
using masklet::weights_test::outcome;

namespace {

constexpr int kFrames = 5;

/// A session with an object clicked on frame 0.
struct Ahead {
  std::unique_ptr<Session> session;
  FakeHost host{kFrames};

  explicit Ahead(bool encodes_ahead = true, const TrackingOptions& options = {}, int clip_frames = kFrames) {
    SessionHost session_host;
    session_host.encodes_ahead = encodes_ahead;
    auto created = Session::create(shared_model(), small_clip(clip_frames), options, session_host);
    REQUIRE(created);
    session = std::move(*created);
    REQUIRE(outcome(session->add_points(click(1, 0, 10, 10))) == "ok");
    REQUIRE(outcome(host.drive(*session)) == "ok");
    host.reported.clear();
    host.frames_asked.clear();
    host.runs.clear();
  }
  std::string propagate(const PropagateRequest& request = {}) {
    REQUIRE(outcome(session->propagate(request)) == "ok");
    return outcome(host.drive(*session));
  }
  Frames reported() const {
    Frames frames;
    for (const FrameResult& result : host.reported) frames.push_back(result.frame);
    return frames;
  }
};

/// Deals with the step that asks for a frame, the first `times` times.
auto at_frame(int frame, int times, std::function<Status(HostLoop&)> deal) {
  return [=](HostLoop& loop, const Step& step) mutable {
    const auto* need = std::get_if<NeedFrame>(&step);
    if (!need || need->frame != frame || times-- <= 0) return false;
    CHECK(deal(loop).ok());
    return true;
  };
}

Status unreadable(HostLoop& loop) { return loop.fail({ErrorCode::io_failed, "unreadable"}); }

}  // namespace

TEST_CASE("the next frame is encoded before a frame is decoded, each frame once") {
  Ahead ahead;
  REQUIRE(ahead.propagate() == "ok");
  CHECK(ahead.host.frames_asked == Frames{1, 2, 3, 4});
  std::string order;
  for (const RunNetwork& run : ahead.host.runs) {
    if (run.network == NetworkId::image_encoder) order += 'e';
    if (run.network == NetworkId::mask_decoder) order += 'd';
  }
  CHECK(order == "eededed" "d");
  CHECK(ahead.host.largest_kept <= 2 * 3 + 1);
  CHECK(ahead.host.violations == std::vector<std::string>{});
}

TEST_CASE("encoding ahead changes no mask and no count of what was encoded") {
  Ahead plain(false), ahead;
  for (Ahead* each : {&plain, &ahead}) {
    REQUIRE(outcome(each->session->add_points(click(2, 0, 20, 10))) == "ok");
    REQUIRE(outcome(each->host.drive(*each->session)) == "ok");
    REQUIRE(each->propagate() == "ok");
    REQUIRE(each->propagate({3, std::nullopt, true}) == "ok");
  }
  REQUIRE(ahead.host.reported.size() == plain.host.reported.size());
  for (std::size_t i = 0; i < plain.host.reported.size(); ++i)
    CHECK(same(ahead.host.reported[i], plain.host.reported[i]));
  CHECK(saved(*ahead.session) == saved(*plain.session));
  CHECK(ahead.session->cache_use().hits == plain.session->cache_use().hits);
  CHECK(ahead.session->cache_use().misses == plain.session->cache_use().misses);
}

TEST_CASE("streams and sessions that keep one frame's features encode nothing ahead") {
  TrackingOptions one;
  one.cached_frames = 1;
  Ahead lean(true, one), stream(true, {}, 0);
  for (Ahead* each : {&lean, &stream}) {
    std::string order;
    each->host.intervene = [&](HostLoop&, const Step& step) {
      if (const auto* need = std::get_if<NeedFrame>(&step)) order += std::to_string(need->frame);
      if (std::holds_alternative<FrameReady>(step)) order += 'r';
      return false;
    };
    REQUIRE(each->propagate() == "ok");
    CHECK_THAT(order, StartsWith("r1r2r3r4r"));
  }
}

TEST_CASE("what is wrong with the next frame is heard when its turn comes") {
  Ahead ahead;
  ahead.host.intervene = at_frame(3, 1, unreadable);
  CHECK(ahead.propagate() == "ok");  // on the second request it can be read
  CHECK(ahead.reported() == Frames{0, 1, 2, 3, 4});

  Ahead broken;
  broken.host.intervene = at_frame(3, 100, unreadable);
  CHECK(broken.propagate() == "io_failed: unreadable");
  CHECK(broken.reported() == Frames{0, 1, 2});
}

TEST_CASE("cancelled while the next frame is asked for, propagation goes on where it was") {
  Ahead ahead;
  ahead.host.intervene = at_frame(3, 1, [](HostLoop& loop) { return loop.cancel(); });
  CHECK_THAT(ahead.propagate(), StartsWith("cancelled"));
  CHECK(ahead.reported() == Frames{0, 1});
  REQUIRE(outcome(ahead.session->continue_propagation()) == "ok");
  REQUIRE(outcome(ahead.host.drive(*ahead.session)) == "ok");
  CHECK(ahead.reported() == Frames{0, 1, 2, 3, 4});
}

TEST_CASE("a clip that ends early ends the propagation, also where that is found ahead") {
  Ahead ahead(true, {}, kFrames + 3);
  CHECK(ahead.propagate() == "ok");
  CHECK(ahead.reported() == Frames{0, 1, 2, 3, 4});
}
