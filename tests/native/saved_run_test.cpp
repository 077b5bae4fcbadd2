#include <catch2/catch.hpp>
#include <map>

#include "core/tracking/frame_masks.h"
#include "native/cli/command.h"
#include "native/host/drive.h"
#include "native/host/legs.h"
#include "native/host/segment.h"
#include "native/host/session_file.h"
#include "tests/native/clip_files.h"
#include "tests/native/mini_model.h"
#include "tests/native/numbered_video.h"

// Runs of segment that are saved and go on later.

using namespace masklet;
using namespace masklet::native;
using namespace masklet::native::testing;

namespace {

constexpr int kWidth = 64, kHeight = 48, kFrames = 24;

/// A clip, and a run on it that leaves its session in a file.
struct Bench {
  TemporaryFolder folder;
  SegmentOptions options;

  Bench() {
    write_clip({kWidth, kHeight, 2, 5}, kFrames, folder / "frames", folder / "truth");
    options.input = folder / "frames";
    options.model = mini_model();
    options.output = folder / "out";
    options.save = folder / "session";
    ClipPrompt click, box;
    click.frame = 9;
    click.points = {{12, 26, 1}, {60, 40, 0}};
    box.object = 9;
    box.frame = 12;
    box.box = {30, 5, 60, 24};
    options.prompts = {click, box};
  }

  /// The results of a run that is stopped after `frames` frames, saved, and resumed: `again` says how.
  std::string in_two_parts(int frames, const std::function<void(SegmentOptions&)>& again = {}) {
    int asked = 0;
    options.stop = [&asked, frames] { return ++asked > frames; };  // once before the first frame, then after each
    const auto first = segment(options);
    REQUIRE(first.ok());
    REQUIRE((!first->status && first->status.error().code == ErrorCode::cancelled));
    CHECK(first->frames == frames);
    options.stop = {};
    options.prompts.clear();
    options.direction.reset();
    options.resume = options.save;
    if (again) again(options);
    return whole();
  }

  std::string whole() const {
    const auto summary = segment(options);
    REQUIRE(summary.ok());
    REQUIRE(summary->status.ok());
    CHECK(summary->frames == summary->expected_frames);
    return read_all(folder / "out/masklets.jsonl");
  }

  Error refusal() const {
    const auto summary = segment(options);
    REQUIRE_FALSE(summary.ok());
    return summary.error();
  }

  std::vector<int> frames_of(const std::string& name) const {
    std::vector<int> frames;
    const auto saved = open_session(folder / name);
    REQUIRE(saved.ok());
    for (const MaskletsLine& line : saved->lines) frames.push_back(line.frame);
    return frames;
  }
};

}  // namespace

TEST_CASE("interrupted anywhere and resumed, segment writes the bytes of a run that was not") {
  for (const auto& [direction, stops] : std::map<Direction, std::vector<int>>{{Direction::forward, {0, 1, 8}},
                                                                             {Direction::backward, {5, 12}},
                                                                             {Direction::both, {7, 15, 16, 23}}}) {
    Bench whole;
    whole.options.direction = direction;
    whole.options.png = true;
    const std::string expected = whole.whole();
    for (const int frames : stops) {
      INFO(direction_name(direction) << ", stopped after " << frames << " frames");
      Bench bench;
      bench.options.direction = direction;
      CHECK(bench.in_two_parts(frames, [](SegmentOptions& options) { options.png = true; }) == expected);
      CHECK(names_in(bench.folder / "out/masks") == names_in(whole.folder / "out/masks"));
      CHECK(read_all(bench.folder / "session") == read_all(whole.folder / "session"));
    }
  }
}

TEST_CASE("a mask keeps its file's name through a saved session") {
  const auto prompt_with_mask = [](Bench& bench) {
    ClipPrompt mask;
    mask.object = 2;
    mask.mask_path = bench.folder / "truth/00000.png";
    bench.options.prompts = {mask};
    bench.options.model.image_size = 128;
  };
  Bench whole, bench;
  prompt_with_mask(whole);
  prompt_with_mask(bench);
  CHECK(bench.in_two_parts(5) == whole.whole());
}

TEST_CASE("a session that is complete gives its results again without tracking") {
  Bench bench;
  const std::string whole = bench.whole();
  bench.options.resume = bench.options.save;
  bench.options.prompts.clear();
  CHECK(bench.whole() == whole);
}

TEST_CASE("a correction tracks again from its frame on, and the results before it stay") {
  Bench bench;
  bench.options.tracking.history_frames = -1;
  const std::string before = bench.whole();
  bench.options.resume = bench.options.save;
  ClipPrompt correction;
  correction.frame = 15;
  correction.points = {{40, 10, 0}};  // alone: the object is known
  bench.options.prompts = {correction};
  int tracked = -1;
  bench.options.stop = [&tracked] { return ++tracked < 0; };
  const std::string after = bench.whole();
  CHECK(tracked == 8);  // 15 to 23, the last of which nobody asks after

  // The same calls on one session.
  auto host = load_model_host(bench.options.model);
  auto frames = open_frame_folder(bench.options.input, std::nullopt);
  auto session = Session::create((*host)->model, {kWidth, kHeight, kFrames}, {});
  std::map<int, std::string> lines;
  const auto run = [&](const Status& accepted) {
    REQUIRE(accepted.ok());
    REQUIRE(drive(**session, (*host)->runtime, **frames, [&](const FrameResult& result) -> Status {
              const Clip clip{kWidth, kHeight, kFrames};
              const FrameMasks masks = frame_masks(result, (*host)->model.architecture.low_res_size(), clip, false);
              lines[result.frame] = masklets_frame_line(result.frame, result.frame / 24.0, masklets_objects(masks, clip));
              return {};
            }).ok());
  };
  const Bench fresh;
  for (const ClipPrompt& prompt : fresh.options.prompts) run((*session)->add_points(point_prompt(prompt)));
  run((*session)->propagate({}));
  run((*session)->add_points(point_prompt(correction)));
  run((*session)->propagate({15, std::nullopt, false}));
  std::string expected;
  for (const auto& [frame, line] : lines) expected += line;
  CHECK(after.find(expected) != std::string::npos);
  CHECK(after != before);
}

TEST_CASE("a negative click alone corrects no object that the session does not know") {
  Bench bench;
  bench.whole();
  bench.options.resume = bench.options.save;
  ClipPrompt prompt;
  prompt.object = 4;
  prompt.points = {{40, 10, 0}};
  bench.options.prompts = {prompt};
  CHECK(bench.refusal().message.find("object 4 on frame 0 has negative clicks alone") != std::string::npos);
}

TEST_CASE("a clip that breaks off leaves a session that goes on with the whole one") {
  Bench bench;
  const std::string frame = bench.folder / "frames/00017.png", kept = read_all(frame);
  const std::string expected = bench.whole();
  write_all(frame, "no picture");
  const auto summary = segment(bench.options);
  REQUIRE(summary.ok());
  REQUIRE((!summary->status && summary->status.error().code == ErrorCode::broken_clip));
  CHECK(bench.frames_of("session").back() == 16);
  write_all(frame, kept);
  bench.options.resume = bench.options.save;
  bench.options.prompts.clear();
  CHECK(bench.whole() == expected);
}

TEST_CASE("a session is refused with another model, another input size, another clip") {
  Bench bench;
  write_numbered_video(bench.folder / "a.mp4", kFrames, "-c:v libx264 -pix_fmt yuv420p");
  bench.options.input = bench.folder / "a.mp4";
  bench.whole();
  bench.options.resume = bench.options.save;
  bench.options.prompts.clear();

  const ModelOptions model = bench.options.model;
  std::string weights = read_all(model.path);
  weights.back() ^= 1;
  write_all(bench.folder / "other.safetensors", weights);
  bench.options.model.path = bench.folder / "other.safetensors";
  CHECK(bench.refusal().code == ErrorCode::weights_mismatch);
  CHECK(bench.refusal().message.find("the model 'mini.safetensors'") != std::string::npos);
  bench.options.model = model;
  bench.options.model.image_size = 128;
  CHECK(bench.refusal().message.find("the model was opened at 128; open it at 96") != std::string::npos);
  bench.options.model = model;

  std::filesystem::copy_file(bench.folder / "a.mp4", bench.folder / "b.mp4");
  bench.options.input = bench.folder / "b.mp4";
  CHECK(segment(bench.options).ok());  // the name does not matter
  write_all(bench.folder / "b.mp4", read_all(bench.folder / "a.mp4") + std::string("\0\0\0\x8" "free", 8));
  CHECK(bench.refusal().code == ErrorCode::invalid_argument);
  CHECK(bench.refusal().message.find("'b.mp4' is another file; open that one, or add --other-clip-file") !=
        std::string::npos);
  bench.options.other_clip_file = true;
  CHECK(segment(bench.options).ok());
  write_numbered_video(bench.folder / "b.mp4", kFrames - 1, "-c:v libx264 -pix_fmt yuv420p");
  CHECK(bench.refusal().message.find("a clip of 24 frames") != std::string::npos);
}

TEST_CASE("a session that is cut, newer, or none is refused, and the file stays as it is") {
  Bench bench;
  bench.whole();
  const std::string whole = read_all(bench.options.save);
  bench.options.resume = bench.options.save;
  for (const double share : {0.0, 0.3, 0.99}) {
    const std::string cut = whole.substr(0, static_cast<std::size_t>(share * static_cast<double>(whole.size())));
    write_all(bench.options.save, cut);
    CHECK(bench.refusal().code == ErrorCode::corrupt_file);
    CHECK(read_all(bench.options.save) == cut);
  }
  std::string newer = whole;
  const std::size_t version = newer.find("\"version\":2");
  REQUIRE(version != std::string::npos);
  newer[version + 10] = '3';
  write_all(bench.options.save, newer);
  CHECK(bench.refusal().code == ErrorCode::unsupported_file);
  CHECK(bench.refusal().message.find("version 3; this masklet reads version 2") != std::string::npos);
  bench.options.resume = bench.options.model.path;
  CHECK(bench.refusal().message.find("holds tensors, but no session") != std::string::npos);
  bench.options.resume = bench.folder / "nowhere";
  CHECK(bench.refusal().code == ErrorCode::io_failed);
}

TEST_CASE("a session is not saved over the clip, and not where nothing can be written") {
  Bench bench;
  bench.options.model.path = bench.folder / "no model is read";
  bench.options.save = bench.folder / "nowhere/session";
  CHECK(bench.refusal().code == ErrorCode::io_failed);
  bench.options.save = bench.options.input = bench.folder / "frames/00000.png";
  bench.options.prompts.resize(1);
  CHECK(bench.refusal().message.find("is the clip itself") != std::string::npos);
}

TEST_CASE("tracking flags are a new session's: with --resume the segment command refuses them") {
  CLI::App app;
  const Action action = add_segment(app);
  std::vector<std::string> arguments = {"frames", "--model", "nano", "-o", "out", "--resume", "s", "--memories", "3"};
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  app.parse(arguments);
  const auto code = action();
  REQUIRE_FALSE(code.ok());
  CHECK(exit_code(code.error().code) == kUsage);
  CHECK(code.error().message.find("--memories cannot be given with --resume") != std::string::npos);
}

TEST_CASE("what is left of a way begins at the first frame to be tracked") {
  const std::vector<Leg> way = *plan_legs(Direction::both, 3, 5, 8);
  REQUIRE(way.size() == 2);
  const auto left = [&](const std::function<bool(int)>& is_left) {
    return remaining_legs(way, [&](const Leg&, int frame) { return is_left(frame); });
  };
  const auto all = left([](int) { return true; });
  REQUIRE(all.size() == 2);
  CHECK((all[1].first == 2 && all[1].begins_at == 3 && all[1].frames() == 3));
  CHECK(left([](int) { return false; }).empty());
  const auto end = left([](int frame) { return frame == 7 || frame == 0; });
  REQUIRE(end.size() == 2);
  CHECK((end[0].first == 7 && end[0].frames() == 1 && !end[0].begins_at));
  // From frame 0 nothing goes back.
  CHECK((end[1].first == 0 && end[1].begins_at == 1 && end[1].frames() == 1));
}
