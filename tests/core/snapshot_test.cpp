#include "core/tracking/snapshot.h"

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "core/weights/safetensors_reader.h"
#include "fake_host.h"
#include "weights_files.h"

// A session that was saved and restored, anywhere and as often as one likes, is the session that went on.

using namespace masklet;
using namespace masklet::tracking_test;
using Catch::Contains;
using Catch::StartsWith;
using masklet::weights_test::file_bytes;
using masklet::weights_test::memory;
using masklet::weights_test::outcome;

namespace {

Result<SessionState> load(std::string_view bytes,
                          const Architecture& architecture = shared_model().architecture) {
  return load_state(memory(bytes), architecture);
}

std::unique_ptr<Session> restored(std::string_view bytes) {
  Result<SessionState> state = load(bytes);
  REQUIRE(outcome(state) == "ok");
  Result<std::unique_ptr<Session>> session = Session::restore(shared_model(), std::move(*state));
  REQUIRE(outcome(session) == "ok");
  return std::move(*session);
}

using LastReports = std::map<int, FrameResult>;
void collect(const FakeHost& host, LastReports& reports) {
  for (const FrameResult& result : host.reported) reports.insert_or_assign(result.frame, result);
}

/// The scenario, with the session moved into a file and a new host at the `moved_at`-th frame that is
/// reported. Returns its final state; `frames` counts the frames that were reported.
std::string moved_run(int moved_at, int& frames, LastReports& reports) {
  std::unique_ptr<Session> session = new_session(kScenarioFrames);
  auto host = std::make_unique<FakeHost>(kScenarioFrames);
  frames = 0;
  std::string file;
  host->intervene = [&](HostLoop& loop, const Step& step) {
    if (!std::holds_alternative<FrameReady>(step) || frames++ != moved_at) return false;
    file = saved(static_cast<Session&>(loop));
    REQUIRE(loop.cancel().ok());  // the session stops here
    return true;
  };
  for (const Call& call : scenario()) {
    const Status status = perform(*session, *host, call);
    if (status.ok()) continue;
    REQUIRE(status.error().code == ErrorCode::cancelled);
    collect(*host, reports);
    session = restored(file);
    const auto intervene = host->intervene;
    host = std::make_unique<FakeHost>(kScenarioFrames);
    host->intervene = intervene;
    if ((*session->state())->propagation) {
      REQUIRE(outcome(session->continue_propagation()) == "ok");
      CHECK(outcome(host->drive(*session)) == "ok");
    }
  }
  collect(*host, reports);
  CHECK(host->violations == std::vector<std::string>{});
  return saved(*session);
}

/// A session with records of every kind, two objects, and a propagation under way.
std::string rich_file() {
  TrackingOptions options;
  options.keep_corrections = false;
  options.memory_stride = 2;
  options.memory_policy = MemoryPolicy::confident;
  options.min_memory_iou = 0.25f;
  const std::unique_ptr<Session> session = new_session(6, options);
  FakeHost host(6);
  const auto run = [&](const Status& accepted) {
    REQUIRE(outcome(accepted) == "ok");
    REQUIRE(outcome(host.drive(*session)) == "ok");
  };
  run(session->add_points(click(1, 0, 12.125f, 9)));
  run(session->propagate({0, 3, false}));
  run(session->add_points(click(1, 2, 20, 20, 0)));
  run(session->add_mask(mask(-5, 3, 2, 2, 20, 20)));
  return saved(*session);
}

/// The file with its description edited.
std::string edited(const std::string& file, const std::function<void(nlohmann::json&)>& edit) {
  auto opened = SafetensorsFile::open(memory(file));
  REQUIRE(outcome(opened) == "ok");
  std::vector<NamedTensor> tensors;
  for (const TensorInfo& info : (*opened)->tensors())
    tensors.push_back({info.name, *(*opened)->read(info.name)});
  const auto text = tensors[0].tensor.as<char>();
  nlohmann::json session = nlohmann::json::parse(text.begin(), text.end());
  edit(session);
  const std::string changed = session.dump();
  tensors[0].tensor = Tensor(DType::u8, {static_cast<std::int64_t>(changed.size())});
  std::copy(changed.begin(), changed.end(), tensors[0].tensor.as<char>().begin());
  std::string out;
  REQUIRE(write_safetensors(tensors, {}, [&](std::span<const std::byte> part) {
            out.append(reinterpret_cast<const char*>(part.data()), part.size());
            return Status();
          }).ok());
  return out;
}

}  // namespace

TEST_CASE("saved and restored at any frame, a session comes to the same results bit for bit") {
  int frames = 0;
  LastReports undisturbed;
  const std::string final_state = moved_run(-1, frames, undisturbed);
  const int all = frames;
  REQUIRE(all > 15);
  for (int at = 0; at < all; ++at) {
    INFO("moved at report " << at << " of " << all);
    LastReports reports;
    CHECK((moved_run(at, frames, reports) == final_state));
    REQUIRE(reports.size() == undisturbed.size());
    for (const auto& [frame, result] : reports) CHECK(same(result, undisturbed.at(frame)));
  }
}

TEST_CASE("saved and restored after every call, a session comes to the same results bit for bit") {
  int frames = 0;
  LastReports undisturbed, reports;
  const std::string final_state = moved_run(-1, frames, undisturbed);
  std::unique_ptr<Session> session = new_session(kScenarioFrames);
  for (const Call& call : scenario()) {
    INFO(call.name);
    FakeHost host(kScenarioFrames);
    CHECK(outcome(perform(*session, host, call)) == "ok");
    collect(host, reports);
    session = restored(saved(*session));
  }
  CHECK((saved(*session) == final_state));
  for (const auto& [frame, result] : reports) CHECK(same(result, undisturbed.at(frame)));
}

TEST_CASE("what was loaded is saved as the same bytes") {
  const std::string file = rich_file();
  const std::unique_ptr<Session> session = restored(file);
  CHECK((saved(*session) == file));
  const SessionState& state = **session->state();
  CHECK(state.options.memory_stride == 2);
  CHECK(state.options.memory_policy == MemoryPolicy::confident);
  CHECK(state.options.min_memory_iou == 0.25f);
  CHECK_FALSE(state.options.keep_corrections);
  CHECK(state.clip.frame_count == 6);
  REQUIRE(state.objects.size() == 2);
  CHECK(state.objects[0].prompts.at(0).points == std::vector<Point>{{12.125f, 9, 1}});
  CHECK(state.objects[1].prompts.at(3).is_mask);
  CHECK(state.objects[0].pending_tracked.contains(2));
  CHECK(state.objects[1].pending_conditioning.contains(3));
}

TEST_CASE("a new session is saved and restored") {
  const auto session = new_session(0);
  CHECK((saved(*restored(saved(*session))) == saved(*session)));
}

TEST_CASE("sessions saved by earlier versions of the same format still open") {
  const std::string file =
      file_bytes(std::string(MASKLET_FIXTURES) + "/../fuzz/seeds/snapshot/two_objects.session");
  REQUIRE(!file.empty());
  CHECK(restored(file) != nullptr);
}

TEST_CASE("a session cannot be saved in the middle of a frame") {
  const auto session = new_session(6);
  REQUIRE(session->add_points(click(1, 0, 10, 10)).ok());
  CHECK_THAT(outcome(session->state()), StartsWith("invalid_state: ") && Contains("FrameReady or Done"));
}

TEST_CASE("saving passes on the sink's error") {
  const auto session = new_session(6);
  const auto full = [](std::span<const std::byte>) {
    return Status(Error{ErrorCode::io_failed, "disk full"});
  };
  CHECK(outcome(save_state(**session->state(), shared_model().architecture, full)) == "io_failed: disk full");
}

TEST_CASE("a session cut short anywhere is an error") {
  const std::string file = rich_file();
  for (std::size_t size = 0; size < file.size(); size += size < 64 ? 1 : 97) {
    INFO(size << " of " << file.size() << " bytes");
    const Result<SessionState> state = load(std::string_view(file).substr(0, size));
    REQUIRE_FALSE(state.ok());
    CHECK(
        (state.error().code == ErrorCode::corrupt_file || state.error().code == ErrorCode::unsupported_file));
  }
}

TEST_CASE("files that are no session say so") {
  CHECK_THAT(outcome(load("hello, this is a text file")), StartsWith("unsupported_file: "));
  std::string file;
  const std::vector<NamedTensor> tensors = {{"weight", Tensor(DType::f32, {2})}};
  REQUIRE(write_safetensors(tensors, {}, [&](std::span<const std::byte> part) {
            file.append(reinterpret_cast<const char*>(part.data()), part.size());
            return Status();
          }).ok());
  CHECK_THAT(outcome(load(file)), StartsWith("corrupt_file: ") && Contains("no session"));
}

TEST_CASE("a session of another version or architecture is refused by name") {
  const std::string file = rich_file();
  CHECK_THAT(outcome(load(edited(file, [](nlohmann::json& s) { s["version"] = 3; }))),
             StartsWith("unsupported_file: ") && Contains("version 3") && Contains("reads version 2"));
  Architecture other = shared_model().architecture;
  other.mem_dim = 16;
  CHECK_THAT(outcome(load(file, other)),
             StartsWith("weights_mismatch: ") && Contains("another architecture"));
}

TEST_CASE("damage to a session's description is found and named") {
  struct Case {
    const char* damage;
    std::function<void(nlohmann::json&)> edit;
    const char* said;
  };
  const Case cases[] = {
      {"no clip", [](auto& s) { s.erase("clip"); }, "'width' is missing"},
      {"width as text", [](auto& s) { s["clip"]["width"] = "40"; }, "'width' is \"40\""},
      {"no options", [](auto& s) { s.erase("options"); }, "saved options"},
      {"a field too many", [](auto& s) { s["colour"] = 1; }, "colour"},
      {"objects as number", [](auto& s) { s["objects"] = 3; }, "'objects' is 3"},
      {"object as number", [](auto& s) { s["objects"][0] = 3; }, "saved object"},
      {"an object twice", [](auto& s) { s["objects"][1]["id"] = 1; }, "'o1."},
      {"rank below 0", [](auto& s) { s["next_order"] = -1; }, "'next_order' is -1"},
      {"frame below 0", [](auto& s) { s["objects"][0]["conditioning"][0]["frame"] = -1; }, "frame -1"},
      {"a record twice",
       [](auto& s) { s["objects"][0]["conditioning"].push_back(s["objects"][0]["conditioning"][0]); }, "twice"},
      {"a prompt twice", [](auto& s) { s["objects"][0]["prompts"].push_back(s["objects"][0]["prompts"][0]); },
       "twice"},
      {"a frame that was never saved", [](auto& s) { s["objects"][0]["conditioning"][0]["frame"] = 5; },
       "'o1.conditioning.f5.logits'"},
      {"tracked frames that were never saved", [](auto& s) { s["objects"][0]["tracked"] = {{1, 100000}}; },
       "'o1.tracked.0'"},
      {"a label that no prompt has", [](auto& s) { s["objects"][0]["prompts"][0]["points"][0][2] = 1e30; },
       "label"},
      {"a prompt without its mask",
       [](auto& s) { s["objects"][1]["pending_conditioning"][0]["has_logits"] = false; }, "frame 3"},
      {"a conditioning frame without its memory",
       [](auto& s) { s["objects"][0]["conditioning"][0]["has_memory"] = false; }, "frame 0"},
      {"a run of frames that ends before it begins",
       [](auto& s) { s["objects"][0]["passed_forward"] = {{4, 2}}; }, "[4,2]"},
      {"frames that no clip has", [](auto& s) { s["objects"][0]["passed_forward"] = {{0, 2147483647}}; }, "2147483647"},
      {"tracked frames in a file that is not there", [](auto& s) { s["objects"][0]["stored"] = {{1, 2}}; },
       "which is not there"},
      {"a propagation from nowhere",
       [](auto& s) {
         s["propagation"] = {{"next", -3}, {"last", 5}, {"reverse", false}};
       },
       "frame -3"},
      {"a propagation without end",
       [](auto& s) {
         s["propagation"] = {{"next", 0}, {"last", 2147483647}, {"reverse", false}};
       },
       "2147483647"},
  };
  const std::string file = rich_file();
  for (const Case& damaged : cases) {
    INFO(damaged.damage);
    CHECK_THAT(outcome(load(edited(file, damaged.edit))),
               StartsWith("corrupt_file: ") && Contains(damaged.said));
  }
}

TEST_CASE("options and clips out of range are refused when the session is restored") {
  Result<SessionState> state =
      load(edited(rich_file(), [](nlohmann::json& s) { s["options"]["memory_stride"] = 0; }));
  REQUIRE(state.ok());
  CHECK_THAT(outcome(Session::restore(shared_model(), std::move(*state))),
             StartsWith("invalid_argument: memory_stride is 0"));
  state = load(edited(rich_file(), [](nlohmann::json& s) { s["clip"]["height"] = 0; }));
  REQUIRE(state.ok());
  CHECK_THAT(outcome(Session::restore(shared_model(), std::move(*state))),
             StartsWith("invalid_argument: ") && Contains("40 x 0"));
}

TEST_CASE("bytes changed anywhere in the header or the description never crash") {
  const std::string file = rich_file();
  std::string changed = file;
  std::uint64_t seed = 1;
  int refused = 0;
  for (int i = 0; i < 400; ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    const std::size_t at = (seed >> 33) % 4000;
    const char before = changed[at];
    changed[at] = static_cast<char>(before ^ (1 << ((seed >> 20) % 8)));
    Result<SessionState> state = load(changed);
    if (state.ok()) static_cast<void>(Session::restore(shared_model(), std::move(*state)).ok());
    refused += !state.ok();
    changed[at] = before;
  }
  CHECK(refused > 100);
}
