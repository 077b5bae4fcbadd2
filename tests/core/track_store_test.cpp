#include "core/tracking/track_store.h"

#include <catch2/catch.hpp>
#include <map>

#include "core/tracking/record_bytes.h"
#include "core/tracking/snapshot.h"
#include "fake_host.h"
#include "weights_files.h"

// A session whose tracked frames lie in a store is the session that has them in memory.

using namespace masklet;
using namespace masklet::tracking_test;
using masklet::weights_test::memory;
using masklet::weights_test::outcome;

namespace {

constexpr int kFrames = 90;

class MapStore final : public RecordStore {
 public:
  Status write(int object, int frame, std::span<const std::byte> record) override {
    if (fails) return Error{ErrorCode::io_failed, "the disk is full"};
    records[{object, frame}].assign(record.begin(), record.end());
    return {};
  }
  Status read(int object, int frame, std::span<std::byte> record) override {
    const auto it = records.find({object, frame});
    if (it == records.end()) return Error{ErrorCode::io_failed, "no such record"};
    std::copy(it->second.begin(), it->second.end(), record.begin());
    ++reads;
    return {};
  }
  void forget(int object) override {
    std::erase_if(records, [&](const auto& entry) { return entry.first.first == object; });
  }

  std::map<std::pair<int, int>, std::vector<std::byte>> records;
  int reads = 0;
  bool fails = false;
};

/// A session beside its store and account.
struct Stored {
  MapStore store;
  MemoryAccount account{nullptr};
  FakeHost host{kFrames};
  std::unique_ptr<Session> session;

  Stored(const TrackingOptions& options, bool with_store) {
    SessionHost given;
    given.account = &account;
    given.hot_frames = 4;
    if (with_store) given.store = &store;
    auto made = Session::create(shared_model(), small_clip(kFrames), options, given);
    REQUIRE(outcome(made) == "ok");
    session = std::move(*made);
  }

  void run(const Status& accepted) {
    REQUIRE(outcome(accepted) == "ok");
    REQUIRE(outcome(host.drive(*session)) == "ok");
  }

  std::string saved(RecordStore* from) {
    std::string bytes;
    const ByteSink sink = [&](std::span<const std::byte> more) {
      bytes.append(reinterpret_cast<const char*>(more.data()), more.size());
      return Status();
    };
    REQUIRE(outcome(save_state(**session->state(), shared_model().architecture, sink, {}, from)) == "ok");
    return bytes;
  }
  std::string saved_with_store() { return saved(&store); }
};

/// Goes on with what was loaded for `next`, whose store has the frames, and holds it against `s`, whose whole file is given: a
/// correction far back gives both the same.
void check_goes_on(Stored& s, Stored& next, SessionState state, const std::string& whole) {
  auto session = Session::restore(shared_model(), std::move(state), {&next.account, &next.store, 4, 0});
  REQUIRE(outcome(session) == "ok");
  next.session = std::move(*session);
  CHECK((next.saved_with_store() == whole));
  for (Stored* one : {&s, &next}) {
    one->host.reported.clear();
    one->run(one->session->add_points(click(1, 40, 10, 10)));
    one->run(one->session->propagate({40, 5, false}));
  }
  REQUIRE(s.host.reported.size() == next.host.reported.size());
  for (std::size_t i = 0; i < s.host.reported.size(); ++i)
    CHECK(same(s.host.reported[i], next.host.reported[i]));
}

/// Two objects, tracked to the end; then corrections near, far and furthest, a way back, a look at old
/// frames, a prompt taken back and an object forgotten.
void long_story(Stored& s) {
  s.run(s.session->add_points(click(1, 0, 10, 10)));
  s.run(s.session->add_points(click(2, 3, 20, 15)));
  s.run(s.session->propagate({0, std::nullopt, false}));
  for (const int frame : {10, 85, 44}) {
    s.run(s.session->add_points(click(1, frame, 12, 9, frame == 85 ? 0 : 1)));
    s.run(s.session->propagate({frame, 20, false}));
  }
  s.run(s.session->add_mask(mask(2, 60, 5, 5, 20, 20)));
  s.run(s.session->propagate({60, std::nullopt, true}));
  for (const int frame : {2, 33, 88}) s.run(s.session->show(frame));
  s.run(s.session->clear_prompts(1, 44));
  s.run(s.session->add_points(click(1, 43, 30, 20)));
  REQUIRE(s.session->remove_object(2).ok());
  s.run(s.session->propagate({43, 10, false}));
}

}  // namespace

TEST_CASE("with a store every result is that of a session that keeps all in memory") {
  TrackingOptions options;
  options.memory_policy = GENERATE(MemoryPolicy::recent, MemoryPolicy::confident, MemoryPolicy::anchored);
  options.keep_corrections = GENERATE(true, false);
  options.clear_memory_around_prompts = GENERATE(false, true);
  options.memory_stride = 2;
  Stored all(options, false), bounded(options, true);
  long_story(all);
  long_story(bounded);
  REQUIRE(all.host.reported.size() == bounded.host.reported.size());
  for (std::size_t i = 0; i < all.host.reported.size(); ++i) {
    INFO("report " << i);
    REQUIRE(same(all.host.reported[i], bounded.host.reported[i]));
  }
  CHECK(bounded.store.reads > 0);
  CHECK(all.store.records.empty());
  for (const auto& [key, record] : bounded.store.records) CHECK(key.first == 1);
  CHECK((all.saved_with_store() == bounded.saved_with_store()));  // not shown: binary
}

TEST_CASE("what is in memory beside a store does not grow with the clip") {
  Stored s({}, true);
  s.run(s.session->add_points(click(1, 0, 10, 10)));
  std::size_t most = 0;
  s.host.intervene = [&](HostLoop&, const Step& step) {
    if (std::holds_alternative<FrameReady>(step))
      most = std::max(most, (*s.session->state())->objects[0].tracked.size());
    return false;
  };
  s.run(s.session->propagate({}));
  CHECK(most == 17);  // the window of pointers and the frame itself
  CHECK(s.store.records.size() == kFrames - 1 - 17);
  const std::size_t record = record_bytes(shared_model().architecture);
  CHECK(s.account.report()[MemoryCategory::track_store].current == (17 + 1 + 1) * record);
  CHECK(s.account.report()[MemoryCategory::track_store].peak <= (17 + 1 + 1 + 1) * record);
  s.session.reset();
  CHECK(s.account.report().total.current == 0);
}

TEST_CASE("a saved session goes on with its frames in another store") {
  Stored s({}, true);
  s.run(s.session->add_points(click(1, 0, 10, 10)));
  s.run(s.session->propagate({}));
  const std::string file = s.saved_with_store();

  Stored next({}, true);
  auto state = load_state(memory(file), shared_model().architecture, &next.store);
  REQUIRE(outcome(state) == "ok");
  CHECK(state->objects[0].tracked.empty());
  CHECK(next.store.records.size() == kFrames - 1);
  CHECK(outcome(Session::restore(shared_model(), *state))
            .rfind("invalid_state: object 1 has frames in a store", 0) == 0);
  check_goes_on(s, next, std::move(*state), file);
}

TEST_CASE("a session saved without its store goes on with that store, and its file does not grow with the clip") {
  TrackingOptions options;
  options.memory_policy = GENERATE(MemoryPolicy::recent, MemoryPolicy::anchored);
  Stored s(options, true);
  s.run(s.session->add_points(click(1, 0, 10, 10)));
  s.run(s.session->propagate({0, kFrames / 2, false}));
  const std::size_t half = s.saved(nullptr).size();
  s.run(s.session->propagate({kFrames / 2, std::nullopt, false}));
  const std::string whole = s.saved_with_store(), beside = s.saved(nullptr);
  // For each frame an anchor's estimate remains.
  CHECK(beside.size() < half + (options.memory_policy == MemoryPolicy::anchored ? 40 * kFrames : 64));
  CHECK(beside.size() < whole.size() / 2);
  CHECK(outcome(load_state(memory(beside), shared_model().architecture)).rfind("corrupt_file: ", 0) == 0);

  Stored next(options, true);
  next.store = s.store;
  auto state = load_state(memory(beside), shared_model().architecture, &next.store);
  REQUIRE(outcome(state) == "ok");
  check_goes_on(s, next, std::move(*state), whole);
}

TEST_CASE("a store that fails ends the propagation; the session can go on once it works again") {
  Stored s({}, true), whole({}, true);
  for (Stored* one : {&s, &whole}) one->run(one->session->add_points(click(1, 0, 10, 10)));
  s.host.intervene = [&](HostLoop&, const Step& step) {
    if (const auto* ready = std::get_if<FrameReady>(&step)) s.store.fails = ready->result.frame == 30;
    return false;
  };
  REQUIRE(s.session->propagate({}).ok());
  CHECK(outcome(s.host.drive(*s.session)) == "io_failed: the disk is full");
  s.host.intervene = nullptr;
  s.store.fails = false;
  s.run(s.session->propagate({31, std::nullopt, false}));
  whole.run(whole.session->propagate({}));
  for (int frame = 0; frame < kFrames; ++frame)
    CHECK(same(s.host.last_report(frame), whole.host.last_report(frame)));
}

TEST_CASE("one prompted frame more than there is room for is refused, the same frame again is not") {
  MemoryAccount account(nullptr);
  auto session = Session::create(shared_model(), small_clip(kFrames), {}, {&account, nullptr, 0, 2});
  REQUIRE(outcome(session) == "ok");
  FakeHost host(kFrames);
  const auto add = [&](const PointPrompt& prompt) {
    REQUIRE((*session)->add_points(prompt).ok());
    return outcome(host.drive(**session));
  };
  CHECK(add(click(1, 0, 10, 10)) == "ok");
  CHECK(add(click(1, 5, 10, 10)) == "ok");
  CHECK(add(click(1, 5, 12, 10)) == "ok");
  CHECK(add(click(1, 9, 10, 10)).rfind("out_of_memory: object 1 has 2 prompted frames", 0) == 0);
  CHECK(add(click(2, 9, 10, 10)) == "ok");
  REQUIRE((*session)->add_mask(mask(1, 9, 5, 5, 20, 20)).ok());
  CHECK(outcome(host.drive(**session)).rfind("out_of_memory: ", 0) == 0);
  REQUIRE((*session)->clear_prompts(1, 5).ok());
  REQUIRE(outcome(host.drive(**session)) == "ok");
  CHECK(add(click(1, 9, 10, 10)) == "ok");
}

TEST_CASE("a track store over the limit ends the propagation and keeps what was tracked") {
  const std::size_t record = record_bytes(shared_model().architecture);
  MemoryAccount account(12 * record);
  auto session = Session::create(shared_model(), small_clip(kFrames), {}, {&account, nullptr, 0, 0});
  REQUIRE(outcome(session) == "ok");
  FakeHost host(kFrames);
  REQUIRE((*session)->add_points(click(1, 0, 10, 10)).ok());
  REQUIRE(outcome(host.drive(**session)) == "ok");
  REQUIRE((*session)->propagate({}).ok());
  CHECK(outcome(host.drive(**session)).rfind("out_of_memory: the track store asks for ", 0) == 0);
  CHECK(host.last_report(11).objects.size() == 1);
  CHECK((*session)->state().ok());
  REQUIRE((*session)->show(5).ok());
  CHECK(outcome(host.drive(**session)) == "ok");
  session->reset();
  CHECK(account.report().total.current == 0);
}

TEST_CASE("hits and misses of the feature cache are counted") {
  FakeHost host(kFrames);
  const auto session = new_session(4);
  for (const int object : {1, 2}) {
    REQUIRE(session->add_points(click(object, 0, 10, 10)).ok());
    REQUIRE(outcome(host.drive(*session)) == "ok");
  }
  CHECK(session->cache_use().misses == 1);
  CHECK(session->cache_use().hits == 1);
}
