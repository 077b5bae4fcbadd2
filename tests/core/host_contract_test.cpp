#include <catch2/catch.hpp>
#include <limits>
#include <new>

#include "core/graph/networks.h"
#include "fake_host.h"
#include "weights_files.h"

// The contract of step.h: wrong answers, cancelling and failing anywhere, memory that runs out.

using namespace masklet;
using namespace masklet::tracking_test;
using Catch::Contains;
using Catch::StartsWith;
using masklet::weights_test::outcome;

namespace {

/// A session that waits in the step of the given kind while a click is decoded.
template <class Wanted>
std::unique_ptr<Session> waiting_for(FakeHost& host, NetworkId network = NetworkId::image_encoder) {
  std::unique_ptr<Session> session = new_session(kScenarioFrames);
  REQUIRE(outcome(session->add_points(click(1, 0, 12, 9))) == "ok");
  const auto here = [&] {
    const auto* run = std::get_if<RunNetwork>(&session->next());
    return std::holds_alternative<Wanted>(session->next()) && (!run || run->network == network);
  };
  while (session->busy() && !here()) host.answer(*session);
  REQUIRE(session->busy());
  return session;
}

/// What the session would do undisturbed from the step on where `session` waits.
void check_goes_on_undisturbed(Session& session, FakeHost& host) {
  CHECK(outcome(host.drive(session)) == "ok");
  FakeHost other(kScenarioFrames);
  const std::unique_ptr<Session> undisturbed = new_session(kScenarioFrames);
  REQUIRE(outcome(undisturbed->add_points(click(1, 0, 12, 9))) == "ok");
  REQUIRE(outcome(other.drive(*undisturbed)) == "ok");
  CHECK((saved(session) == saved(*undisturbed)));
  CHECK(host.violations == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("asking for the step again gives the same step") {
  FakeHost host(kScenarioFrames);
  const auto session = waiting_for<RunNetwork>(host);
  CHECK(&session->next() == &session->next());
  CHECK(std::get<RunNetwork>(session->next()).network == NetworkId::image_encoder);
}

TEST_CASE("answers of another kind are refused and the step goes on waiting") {
  FakeHost host(kScenarioFrames);
  SECTION("where a frame is asked for") {
    const auto session = waiting_for<NeedFrame>(host);
    CHECK_THAT(outcome(session->resume()),
               StartsWith("step_mismatch: ") && Contains("with nothing") && Contains("NeedFrame"));
    CHECK_THAT(outcome(session->resume(std::vector<Tensor>())),
               StartsWith("step_mismatch: ") && Contains("network outputs") && Contains("NeedFrame"));
    check_goes_on_undisturbed(*session, host);
  }
  SECTION("where a network is to run") {
    const auto session = waiting_for<RunNetwork>(host);
    CHECK_THAT(outcome(session->resume()), StartsWith("step_mismatch: ") && Contains("RunNetwork"));
    CHECK_THAT(outcome(session->resume(host.frame(0))), StartsWith("step_mismatch: ") && Contains("a frame"));
    CHECK_THAT(outcome(session->end_of_clip()),
               StartsWith("step_mismatch: ") && Contains("the end of the clip"));
    check_goes_on_undisturbed(*session, host);
  }
  SECTION("where a frame is ready") {
    const auto session = waiting_for<FrameReady>(host);
    CHECK_THAT(outcome(session->resume(host.frame(0))),
               StartsWith("step_mismatch: ") && Contains("FrameReady"));
    CHECK_THAT(outcome(session->resume(std::vector<Tensor>())), StartsWith("step_mismatch: "));
    CHECK_THAT(outcome(session->end_of_clip()), StartsWith("step_mismatch: "));
    check_goes_on_undisturbed(*session, host);
  }
}

TEST_CASE("outputs that differ from what was asked for are refused and the step goes on waiting") {
  FakeHost host(kScenarioFrames);
  const auto session = waiting_for<RunNetwork>(host, NetworkId::mask_decoder);
  const std::vector<Tensor> right = host.outputs(std::get<RunNetwork>(session->next()));
  REQUIRE(right.size() == 4);

  std::vector<Tensor> fewer(right.begin(), right.end() - 1);
  CHECK_THAT(outcome(session->resume(fewer)), StartsWith("step_mismatch: mask_decoder") &&
                                                  Contains("3 outputs") &&
                                                  Contains("'object_score_1' is missing"));
  std::vector<Tensor> more = right;
  more.push_back(right[0]);
  CHECK_THAT(outcome(session->resume(more)),
             StartsWith("step_mismatch: mask_decoder") && Contains("5 outputs") && Contains("asked for 4"));
  std::vector<Tensor> misshapen = right;
  misshapen[1] = Tensor(DType::f32, {5});
  CHECK_THAT(outcome(session->resume(misshapen)), StartsWith("step_mismatch: ") &&
                                                      Contains("'ious_k' is f32 [5]") &&
                                                      Contains("asked for f32 [4]"));
  std::vector<Tensor> other_type = right;
  other_type[3] = Tensor(DType::f16, {1});
  CHECK_THAT(outcome(session->resume(other_type)),
             StartsWith("step_mismatch: ") && Contains("'object_score_1' is f16 [1]"));
  std::vector<Tensor> too_short = right;
  too_short[2].bytes.pop_back();
  CHECK_THAT(outcome(session->resume(too_short)),
             StartsWith("step_mismatch: ") && Contains("'token_pointers_kc'"));
  std::vector<Tensor> swapped = {right[1], right[0], right[2], right[3]};
  CHECK_THAT(outcome(session->resume(swapped)), StartsWith("step_mismatch: ") && Contains("'masks_khw'"));
  CHECK_THAT(outcome(session->resume(std::vector<Tensor>())),
             StartsWith("step_mismatch: ") && Contains("0 outputs"));

  check_goes_on_undisturbed(*session, host);
}

TEST_CASE("outputs that the host keeps are not handed over") {
  FakeHost host(kScenarioFrames);
  const auto session = waiting_for<RunNetwork>(host, NetworkId::image_encoder);
  CHECK_THAT(outcome(session->resume({Tensor(DType::f32, {16, 32})})),
             StartsWith("step_mismatch: image_encoder") && Contains("1 outputs") && Contains("asked for 0"));
  check_goes_on_undisturbed(*session, host);
}

TEST_CASE("frames that cannot be read are refused and the step goes on waiting") {
  FakeHost host(kScenarioFrames), wider(kScenarioFrames, 41, 30), higher(kScenarioFrames, 40, 31);
  const auto session = waiting_for<NeedFrame>(host);
  CHECK_THAT(outcome(session->resume(wider.frame(0))),
             StartsWith("step_mismatch: ") && Contains("41 x 30") && Contains("the clip is 40 x 30"));
  CHECK_THAT(outcome(session->resume(higher.frame(0))), StartsWith("step_mismatch: ") && Contains("40 x 31"));
  CHECK_THAT(outcome(session->resume(ImageView{})), StartsWith("step_mismatch: ") && Contains("0 x 0"));
  CHECK_THAT(outcome(session->resume(packed_image(nullptr, 40, 30))), StartsWith("invalid_argument: "));
  ImageView squeezed = host.frame(0);
  squeezed.stride_bytes = 40;
  CHECK_THAT(outcome(session->resume(squeezed)), StartsWith("invalid_argument: ") && Contains("stride"));
  check_goes_on_undisturbed(*session, host);
}

TEST_CASE("a second answer is refused") {
  FakeHost host(kScenarioFrames);
  const auto session = waiting_for<RunNetwork>(host, NetworkId::mask_decoder);
  const std::vector<Tensor> outputs = host.outputs(std::get<RunNetwork>(session->next()));
  REQUIRE(outcome(session->resume(outputs)) == "ok");
  CHECK_THAT(outcome(session->resume(outputs)), StartsWith("step_mismatch: ") && Contains("FrameReady"));
  check_goes_on_undisturbed(*session, host);
  CHECK_THAT(outcome(session->resume()), StartsWith("invalid_state: "));
}

TEST_CASE("an idle session takes no answers") {
  FakeHost host(kScenarioFrames);
  const auto session = new_session(kScenarioFrames);
  CHECK(std::holds_alternative<Done>(session->next()));
  const std::string said = "invalid_state: ";
  CHECK_THAT(outcome(session->resume()), StartsWith(said) && Contains("begin an operation first"));
  CHECK_THAT(outcome(session->resume(host.frame(0))), StartsWith(said));
  CHECK_THAT(outcome(session->resume(std::vector<Tensor>())), StartsWith(said));
  CHECK_THAT(outcome(session->end_of_clip()), StartsWith(said));
  CHECK_THAT(outcome(session->cancel()), StartsWith(said));
  CHECK_THAT(outcome(session->fail({ErrorCode::io_failed, "x"})), StartsWith(said));
  REQUIRE(outcome(session->add_points(click(1, 0, 12, 9))) == "ok");
  check_goes_on_undisturbed(*session, host);
}

TEST_CASE("a busy session begins nothing else") {
  FakeHost host(kScenarioFrames);
  const auto session = waiting_for<RunNetwork>(host, NetworkId::mask_decoder);
  const std::string said = "invalid_state: an operation is running";
  CHECK_THAT(outcome(session->add_points(click(2, 0, 1, 1))), StartsWith(said));
  CHECK_THAT(outcome(session->add_mask(mask(2, 0, 0, 0, 4, 4))), StartsWith(said));
  CHECK_THAT(outcome(session->clear_prompts(1, 0)), StartsWith(said));
  CHECK_THAT(outcome(session->remove_object(1)), StartsWith(said));
  CHECK_THAT(outcome(session->reset()), StartsWith(said));
  CHECK_THAT(outcome(session->propagate({})), StartsWith(said));
  CHECK_THAT(outcome(session->continue_propagation()), StartsWith(said));
  CHECK_THAT(outcome(session->show(0)), StartsWith(said));
  CHECK_THAT(outcome(session->state()), StartsWith("invalid_state: ") && Contains("middle of a frame"));
  check_goes_on_undisturbed(*session, host);
}

namespace {

/// Runs the scenario, ending the operation at step `disturbed` with an error; then what had not been finished
/// is done again, and the rest. `states` are those of an undisturbed run, before each call. Returns the final
/// state.
std::string disturbed_run(int disturbed, bool cancels, int cached_frames,
                          const std::vector<std::string>& states) {
  TrackingOptions options;
  options.cached_frames = cached_frames;
  const std::unique_ptr<Session> session = new_session(kScenarioFrames, options);
  FakeHost host(kScenarioFrames);
  host.intervene = [&](HostLoop& loop, const Step&) {
    if (host.steps - 1 != disturbed) return false;
    CHECK(outcome(cancels ? loop.cancel() : loop.fail({ErrorCode::runtime_failed, "a test"})) == "ok");
    CHECK(!loop.busy());
    return true;
  };
  const std::vector<Call> calls = scenario();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const Call& call = calls[i];
    const std::size_t reported_before = host.reported.size();
    const Status status = perform(*session, host, call);
    if (status.ok()) continue;
    CHECK_THAT(outcome(status), StartsWith(cancels ? "cancelled: " : "runtime_failed: a test"));
    CHECK(session->state().ok());
    CHECK((*session->state())->propagation.has_value() == call.is_propagation);

    // Frames already reported stay.
    const std::vector<FrameResult> reported(host.reported.begin() + reported_before, host.reported.end());
    for (const FrameResult& result : reported) {
      REQUIRE(outcome(session->show(result.frame)) == "ok");
      REQUIRE(outcome(host.drive(*session)) == "ok");
      CHECK(same(host.reported.back(), result));
    }
    if (!call.is_propagation) {
      // A prompt whose result was reported has been taken; one whose result was not has changed nothing.
      if (!reported.empty()) continue;
      CHECK((saved(*session) == states[i]));
    }
    if (call.is_propagation && cancels) {
      REQUIRE(outcome(session->continue_propagation()) == "ok");
      CHECK(outcome(host.drive(*session)) == "ok");
    } else {
      CHECK(outcome(perform(*session, host, call)) == "ok");
    }
  }
  CHECK(host.violations == std::vector<std::string>{});
  CHECK(host.largest_kept <= static_cast<std::size_t>(3 * cached_frames + 1));
  return saved(*session);
}

}  // namespace

TEST_CASE("cancelled or failed at any step, a session stays usable and comes to the same results") {
  const bool cancels = GENERATE(true, false);
  const int cached_frames = cancels ? 1 : 2;
  FakeHost host(kScenarioFrames);
  TrackingOptions options;
  options.cached_frames = cached_frames;
  const std::unique_ptr<Session> session = new_session(kScenarioFrames, options);
  std::vector<std::string> states;
  for (const Call& call : scenario()) {
    INFO(call.name);
    states.push_back(saved(*session));
    REQUIRE(outcome(perform(*session, host, call)) == "ok");
  }
  CHECK(host.violations == std::vector<std::string>{});
  const std::string undisturbed = saved(*session);

  REQUIRE(host.steps > 60);
  for (int step = 0; step < host.steps; ++step) {
    INFO((cancels ? "cancelled" : "failed") << " at step " << step << " of " << host.steps);
    CHECK((disturbed_run(step, cancels, cached_frames, states) == undisturbed));  // not shown: binary
  }
}

TEST_CASE("a session may be closed at any step") {
  int closed_at = 0;
  for (bool closed = true; closed; ++closed_at) {
    closed = false;
    FakeHost host(kScenarioFrames);
    std::unique_ptr<Session> session = new_session(kScenarioFrames);
    for (const Call& call : scenario()) {
      REQUIRE(outcome(call.begin(*session)) == "ok");
      while (session->busy() && host.steps < closed_at) host.answer(*session);
      if ((closed = session->busy())) break;
    }
  }
  CHECK(closed_at > 60);
}

TEST_CASE("tensors that the host keeps are bounded by the cached frames") {
  const int cached_frames = GENERATE(1, 2, 3, 100);
  TrackingOptions options;
  options.cached_frames = cached_frames;
  const std::unique_ptr<Session> session = new_session(kScenarioFrames, options);
  FakeHost host(kScenarioFrames);
  for (const Call& call : scenario()) {
    REQUIRE(outcome(perform(*session, host, call)) == "ok");
    CHECK(host.kept_count() <= static_cast<std::size_t>(3 * cached_frames + 1));
  }
  CHECK(host.largest_kept <= static_cast<std::size_t>(3 * cached_frames + 1));
  CHECK(host.violations == std::vector<std::string>{});
  if (cached_frames >= kScenarioFrames)
    CHECK(host.frames_asked.size() == kScenarioFrames);  // each encoded once
}

TEST_CASE("how many frames are cached does not change results") {
  std::vector<std::vector<FrameResult>> results;
  for (const int cached_frames : {1, 2, 100}) {
    TrackingOptions options;
    options.cached_frames = cached_frames;
    const std::unique_ptr<Session> session = new_session(kScenarioFrames, options);
    FakeHost host(kScenarioFrames);
    for (const Call& call : scenario()) REQUIRE(outcome(perform(*session, host, call)) == "ok");
    results.push_back(host.reported);
  }
  for (const auto& others : results) {
    REQUIRE(others.size() == results[0].size());
    for (std::size_t i = 0; i < others.size(); ++i) CHECK(same(others[i], results[0][i]));
  }
}

namespace {

/// Operations that run out of memory, at once or below another coroutine after a step.
class Exhausted final : public HostLoop {
 public:
  Status begin_at_once() { return begin(throws()); }
  Status begin_nested() { return begin(calls()); }
  Status begin_harmless() { return begin(harmless()); }

 private:
  Task<Status> throws() {
    throw std::bad_alloc();
    co_return Status();
  }
  Task<Status> waits_and_throws() {
    WaitForHost host{machine_, Step(FrameReady{})};
    co_await host;
    throw std::bad_alloc();
    co_return Status();
  }
  Task<Status> calls() {
    Task<Status> inner = waits_and_throws();
    Status status = co_await inner;
    MASKLET_CO_TRY(status);
    co_return Error{ErrorCode::invalid_state, "went on after the error"};
  }
  Task<Status> harmless() { co_return Status(); }
  Status check_frame(const ImageView&) const override { return {}; }
};

}  // namespace

TEST_CASE("memory exhausted within an operation ends it with out_of_memory") {
  Exhausted loop;
  REQUIRE(outcome(loop.begin_at_once()) == "ok");
  CHECK(!loop.busy());
  CHECK_THAT(outcome(std::get<Done>(loop.next()).status), StartsWith("out_of_memory: "));

  REQUIRE(outcome(loop.begin_nested()) == "ok");
  REQUIRE(loop.busy());
  REQUIRE(outcome(loop.resume()) == "ok");
  CHECK(!loop.busy());
  CHECK_THAT(outcome(std::get<Done>(loop.next()).status), StartsWith("out_of_memory: "));

  REQUIRE(outcome(loop.begin_harmless()) == "ok");
  CHECK(outcome(std::get<Done>(loop.next()).status) == "ok");
}

TEST_CASE("an observer that cannot allocate ends the operation and leaves the session as it was") {
  FakeHost host(kScenarioFrames);
  const auto session = new_session(kScenarioFrames);
  const std::string before = saved(*session);
  session->observe_decodes([](const DecodeRecord&) { throw std::bad_alloc(); });
  REQUIRE(outcome(session->add_points(click(1, 0, 12, 9))) == "ok");
  CHECK_THAT(outcome(host.drive(*session)), StartsWith("out_of_memory: "));
  CHECK((saved(*session) == before));
  session->observe_decodes(nullptr);
  REQUIRE(outcome(session->add_points(click(1, 0, 12, 9))) == "ok");
  check_goes_on_undisturbed(*session, host);
}
