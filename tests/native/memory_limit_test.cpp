#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/mask/rle.h"
#include "core/tracking/frame_masks.h"
#include "core/tracking/record_bytes.h"
#include "native/cli/command.h"
#include "native/host/drive.h"
#include "native/host/file_record_store.h"
#include "native/host/segment.h"
#include "tests/native/clip_files.h"
#include "tests/native/mini_model.h"

using namespace masklet;
using namespace masklet::native;
using namespace masklet::native::testing;
using Json = nlohmann::json;

namespace {

constexpr int kWidth = 64, kHeight = 48;

/// A clip of one object, and the options of a run on it.
struct Bench {
  TemporaryFolder folder;
  SegmentOptions options;

  Bench(const ModelOptions& model, int frames) {
    write_clip({kWidth, kHeight, 1, 5}, frames, folder / "frames", folder / "truth");
    options.input = folder / "frames";
    options.model = model;
    options.output = folder / "out";
    options.prompts.emplace_back().points = {{12, 26, 1}};
  }

  /// The frames of the last run without the model's scores, whose last digit depends on whether weights are packed.
  std::vector<Json> frames() const {
    std::vector<Json> frames;
    for (const std::string& line : lines_of(folder / "out/masklets.jsonl")) {
      Json frame = Json::parse(line);
      if (!frame.contains("objects") || !frame.contains("frame")) continue;
      for (Json& object : frame["objects"]) {
        object.erase("score");
        object.erase("iou");
      }
      frames.push_back(std::move(frame));
    }
    return frames;
  }
};

ModelOptions nano() {
  ModelOptions options;
  options.path = "nano";
  options.runtime.threads = 1;
  return options;
}

Plan plan_of(const SegmentOptions& options) {
  const auto plan = plan_segment(options);
  if (!plan) FAIL(plan.error().message);
  return *plan;
}

long long resident_bytes() {
  std::ifstream file("/proc/self/statm");
  long long pages = 0, resident = 0;
  file >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

/// Draws each frame of a synthetic clip when it is asked for.
class SynthSource final : public FrameSource {
 public:
  explicit SynthSource(int frames)
      : clip_(*SynthClip::create({kWidth, kHeight, 1, 5})),
        frames_(frames),
        rgb_(kWidth * kHeight * 3),
        ids_(kWidth * kHeight) {}
  int frame_count() const override { return frames_; }
  int width() const override { return kWidth; }
  int height() const override { return kHeight; }
  double time_s(int frame) const override { return frame; }
  std::size_t held_bytes() const override { return rgb_.size(); }
  Result<ImageView> read(int frame) override {
    clip_.render(frame, rgb_, ids_);
    return packed_image(rgb_.data(), kWidth, kHeight);
  }

 private:
  SynthClip clip_;
  int frames_;
  std::vector<std::uint8_t> rgb_, ids_;
};

}  // namespace

TEST_CASE("a run under a limit that its plan meets gives the masks of one without") {
  Bench bench(nano(), 6);
  REQUIRE(segment(bench.options).ok());
  const auto expected = bench.frames();
  bench.options.memory.limit_bytes = plan_of(bench.options).least_bytes;
  const auto summary = segment(bench.options);
  REQUIRE(summary.ok());
  if (!summary->status) FAIL(summary->status.error().message);
  CHECK(bench.frames() == expected);
  CHECK(summary->memory.report.limit_bytes == bench.options.memory.limit_bytes);
  CHECK(summary->memory.report.total.peak <= bench.options.memory.limit_bytes);
  for (const MemoryCategory category :
       {MemoryCategory::weights, MemoryCategory::activations, MemoryCategory::features, MemoryCategory::steps,
        MemoryCategory::track_store, MemoryCategory::frames, MemoryCategory::results}) {
    INFO(memory_category_name(category));
    CHECK(summary->memory.report[category].peak > 0);
  }
  CHECK(summary->memory.cache.misses == 6);
  const Plan plan = plan_of(bench.options);
  CHECK(summary->memory.report[MemoryCategory::weights].current <= plan.price[MemoryCategory::weights]);
  for (const MemoryCategory category : {MemoryCategory::activations, MemoryCategory::features,
                                        MemoryCategory::steps, MemoryCategory::track_store}) {
    INFO(memory_category_name(category)
         << ": " << summary->memory.report[category].peak << " of " << plan.price[category]);
    CHECK(summary->memory.report[category].peak <= plan.price[category]);
  }
  CHECK_FALSE(summary->warning.empty());
}

TEST_CASE("a limit one byte too low is refused before the model is loaded and before anything is written") {
  Bench bench(nano(), 2);
  bench.options.memory.limit_bytes = plan_of(bench.options).least_bytes - 1;
  const auto summary = segment(bench.options);
  REQUIRE_FALSE(summary.ok());
  CHECK(summary.error().code == ErrorCode::out_of_memory);
  CHECK(summary.error().message.find("are needed at least (program ") != std::string::npos);
  CHECK(names_in(bench.folder / "out").empty());
}

TEST_CASE(
    "pressure: each of 40 limits, from comfortable to absurd, ends in the same masks or in a typed error") {
  Bench bench(nano(), 3);
  REQUIRE(segment(bench.options).ok());
  const auto expected = bench.frames();
  const Plan plan = plan_of(bench.options);
  // Most of them around the point where it starts to fit.
  const std::uint64_t most = plan.price.total_bytes + (8 << 20);
  int finished = 0, refused = 0;
  for (int i = 0; i < 40; ++i) {
    bench.options.memory.limit_bytes =
        i < 30 ? most - (most - plan.least_bytes * 3 / 4) / 30 * i : (1 << 20) << (39 - i) / 2;
    const auto summary = segment(bench.options);
    INFO("limit " << bench.options.memory.limit_bytes);
    if (summary && summary->status) {
      CHECK(bench.frames() == expected);
      ++finished;
    } else {
      CHECK((summary ? summary->status.error() : summary.error()).code == ErrorCode::out_of_memory);
      ++refused;
    }
  }
  CHECK(finished >= 5);
  CHECK(refused >= 10);
}

TEST_CASE("under pressure while it runs a session ends with what it has, or goes on with less and tells") {
  Bench bench(mini_model(), 5);
  bench.options.model.image_size = 512;  // so that frames and not weights are what takes memory
  REQUIRE(segment(bench.options).ok());
  const auto expected = bench.frames();
  // The runtime's own limit, without a plan: the most under which the clip is not finished.
  std::size_t& limit = bench.options.model.runtime.memory_limit_bytes;
  std::size_t too_little = 1 << 18, enough = 32 << 20;
  while (enough - too_little > 64 << 10) {
    limit = (too_little + enough) / 2;
    const auto summary = segment(bench.options);
    const bool finished = summary.ok() && summary->status.ok();
    if (finished) CHECK(bench.frames() == expected);
    (finished ? enough : too_little) = limit;
  }
  limit = too_little;
  const auto ended = segment(bench.options);
  REQUIRE(ended.ok());
  CHECK(ended->status.error().code == ErrorCode::out_of_memory);
  CHECK(ended->status.error().message.find("bytes asked for") != std::string::npos);
  const auto kept = bench.frames();
  CHECK(static_cast<int>(kept.size()) == ended->frames);
  CHECK(std::equal(kept.begin(), kept.end(), expected.begin()));

  bench.options.memory.on_pressure = OnPressure::degrade;
  const auto degraded = segment(bench.options);
  REQUIRE(degraded.ok());
  CHECK(degraded->status.ok());
  CHECK(degraded->steps == std::vector<std::string>{"cached frames 2 -> 1"});
  CHECK(bench.frames() == expected);  // fewer cached frames cost time alone
  limit = too_little / 2;
  const auto hopeless = segment(bench.options);
  const Status status = hopeless ? hopeless->status : Status(hopeless.error());
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::out_of_memory);
}

TEST_CASE("where degrading is allowed a plan steps down, and tells") {
  Bench bench(nano(), 3);
  bench.options.model.image_size = 320;  // running takes more than loading, which no setting makes less
  bench.options.memory.limit_bytes = plan_of(bench.options).least_bytes - (1 << 20);
  bench.options.memory.on_pressure = OnPressure::degrade;
  const auto summary = segment(bench.options);
  REQUIRE(summary.ok());
  CHECK(summary->status.ok());
  REQUIRE_FALSE(summary->steps.empty());
  const bool lowered = summary->steps.back().find("memories 7 -> ") == 0 ||
                       summary->steps.back().find("input size 320 -> ") == 0;
  CHECK(lowered);
}

TEST_CASE("the environment's limits hold for segment, which has none of its own") {
  Bench bench(mini_model(), 4);
  setenv("MAX_VIDEO_FRAMES", "3", 1);
  const auto refused = segment(bench.options);
  unsetenv("MAX_VIDEO_FRAMES");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("the clip has 4 frames; the limit is 3") == 0);
  CHECK(segment(bench.options).ok());
}

TEST_CASE("records in files come back, go with their object, and leave no name behind") {
  const TemporaryFolder folder;
  const auto store = FileRecordStore::create(folder / "");
  REQUIRE(store.ok());
  std::vector<std::byte> record(1000), read(1000);
  for (const int frame : {7, 0, 7, 100000}) {
    std::fill(record.begin(), record.end(), static_cast<std::byte>(frame % 251));
    REQUIRE((*store)->write(3, frame, record).ok());
  }
  REQUIRE((*store)->read(3, 7, read).ok());
  CHECK(read[999] == static_cast<std::byte>(7));
  REQUIRE((*store)->read(3, 100000, read).ok());
  CHECK((read == record));
  CHECK(names_in(folder / "").empty());
  (*store)->forget(3);
  CHECK((*store)->read(3, 7, read).error().code == ErrorCode::io_failed);
  CHECK(FileRecordStore::create(folder / "not there").error().code == ErrorCode::io_failed);
}

TEST_CASE("a short soak: memory is flat after frame 50, and far corrections are an unbounded run's") {
  constexpr int kFrames = 300;
  const TemporaryFolder folder;
  const auto host = load_model_host(mini_model());
  REQUIRE(host.ok());
  const auto tracked = [&](RecordStore* store, long long& growth) {
    MemoryAccount account(nullptr);
    const auto session =
        Session::create((*host)->model, {kWidth, kHeight, kFrames}, {}, {&account, store, 0, 0});
    REQUIRE(session.ok());
    SynthSource frames(kFrames);
    std::vector<float> logits;
    long long settled = 0;
    const auto take = [&](const FrameResult& result) -> Status {
      for (const ObjectResult& object : result.objects)
        logits.insert(logits.end(), object.low_res_logits.begin(), object.low_res_logits.begin() + 64);
      if (result.frame == 50) settled = resident_bytes();
      if (result.frame == kFrames - 1) growth = resident_bytes() - settled;
      return {};
    };
    for (const int frame : {0, 20, 150, 280}) {
      PointPrompt click;
      click.frame = frame;
      click.points = {{12, 26, 1}};
      REQUIRE((*session)->add_points(click).ok());
      REQUIRE(drive(**session, (*host)->runtime, frames, {}).ok());
      REQUIRE((*session)->propagate({frame, frame ? std::optional(15) : std::nullopt, false}).ok());
      REQUIRE(drive(**session, (*host)->runtime, frames, take).ok());
    }
    (*host)->runtime.release_all();
    return logits;
  };
  long long growth = 0, unbounded_growth = 0;
  const auto store = FileRecordStore::create(folder / "");
  REQUIRE(store.ok());
  const std::vector<float> bounded = tracked(store->get(), growth);
  CHECK(growth < 2 << 20);
  CHECK((bounded == tracked(nullptr, unbounded_growth)));
}
