#include "native/host/segment.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "core/mask/connected_components.h"
#include "core/mask/rle.h"
#include "core/mask/upsample_bilinear.h"
#include "core/weights/checkpoint.h"
#include "native/cli/command.h"
#include "native/host/drive.h"
#include "native/host/file_source.h"
#include "native/host/interrupt.h"
#include "native/host/trace.h"
#include "native/media/demuxer.h"
#include "native/media/png_file.h"
#include "tests/native/clip_files.h"
#include "tests/native/mini_model.h"
#include "tests/native/numbered_video.h"

using namespace masklet;
using namespace masklet::native;
using namespace masklet::native::testing;
using Json = nlohmann::json;

namespace {

constexpr int kWidth = 64, kHeight = 48, kFrames = 6;

/// A clip of two objects, and the options of a run on it.
struct Bench {
  TemporaryFolder folder;
  SegmentOptions options;

  Bench() {
    write_clip({kWidth, kHeight, 2, 5}, kFrames, folder / "frames", folder / "truth");
    options.input = folder / "frames";
    options.model = mini_model();
    options.output = folder / "out";
    ClipPrompt click, box;
    click.points = {{12, 26, 1}, {60, 40, 0}};
    box.object = 9;
    box.frame = 2;
    box.box = {30, 5, 60, 24};
    options.prompts = {click, box};
  }

  std::vector<Json> lines() const {
    std::vector<Json> out;
    for (const std::string& line : lines_of(folder / "out/masklets.jsonl")) out.push_back(Json::parse(line));
    return out;
  }
};

std::vector<std::uint8_t> decoded(const Json& rle) {
  CHECK(rle["size"] == Json({kHeight, kWidth}));
  const auto read = rle_from_string(kWidth, kHeight, rle["counts"].get<std::string>());
  REQUIRE(read.ok());
  std::vector<std::uint8_t> mask(kWidth * kHeight);
  rle_decode(*read, mask);
  return mask;
}

/// The masks that a session gives for the bench's prompts, by frame and object, going forward.
std::map<std::pair<int, int>, std::vector<std::uint8_t>> masks_of_session(const SegmentOptions& options) {
  auto host = load_model_host(options.model);
  auto frames = open_frame_folder(options.input, std::nullopt);
  REQUIRE((host.ok() && frames.ok()));
  auto session = Session::create((*host)->model, {kWidth, kHeight, (*frames)->frame_count()}, {});
  REQUIRE(session.ok());
  for (const ClipPrompt& prompt : options.prompts) {
    REQUIRE((*session)->add_points(point_prompt(prompt)).ok());
    REQUIRE(drive(**session, (*host)->runtime, **frames, {}).ok());
  }
  std::map<std::pair<int, int>, std::vector<std::uint8_t>> masks;
  const int side = (*host)->model.architecture.low_res_size();
  REQUIRE((*session)->propagate({}).ok());
  REQUIRE(drive(**session, (*host)->runtime, **frames, [&](const FrameResult& result) -> Status {
            for (const ObjectResult& object : result.objects) {
              auto& mask = masks[{result.frame, object.object}];
              mask.resize(kWidth * kHeight);
              threshold_upsampled(object.low_res_logits, side, side, kWidth, kHeight, 0, mask);
            }
            return {};
          }).ok());
  return masks;
}

Error refusal(const SegmentOptions& options) {
  const auto summary = segment(options);
  REQUIRE_FALSE(summary.ok());
  return summary.error();
}

Result<ExitCode> run_cli(Action (*define)(CLI::App&), std::vector<std::string> arguments) {
  CLI::App app;
  const Action action = define(app);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  app.parse(arguments);
  return action();
}

}  // namespace

TEST_CASE("segment writes what the session finds: a header, every frame's masks, an end") {
  Bench bench;
  bench.options.png = bench.options.sheet = true;
  const auto summary = segment(bench.options);
  REQUIRE(summary.ok());
  REQUIRE(summary->status.ok());
  CHECK(summary->frames == kFrames);

  const std::vector<Json> lines = bench.lines();
  REQUIRE(lines.size() == kFrames + 2);
  CHECK(lines[0]["masklets"] == 1);
  CHECK(lines[0]["input"] == "frames");
  CHECK(lines[0]["width"] == kWidth);
  CHECK(lines[0]["height"] == kHeight);
  CHECK(lines[0]["model"]["name"] == "mini.safetensors");
  CHECK(lines[0]["prompts"].size() == 2);
  CHECK(lines.back() == Json::parse(R"({"end": {"frames": 6, "partial": false}})"));

  const auto expected = masks_of_session(bench.options);
  std::size_t compared = 0;
  for (int frame = 0; frame < kFrames; ++frame) {
    const Json& line = lines[frame + 1];
    CHECK(line["frame"] == frame);
    for (const Json& object : line["objects"]) {
      const auto mask = decoded(object["rle"]);
      const auto it = expected.find({frame, object["id"].get<int>()});
      REQUIRE(it != expected.end());
      CHECK(mask == it->second);
      const MaskStatistics statistics = mask_statistics(mask, kWidth, kHeight);
      CHECK(object["area"] == statistics.area_px);
      const PixelBox box = statistics.box_px;
      CHECK(object["box"] == Json({box.x, box.y, box.width, box.height}));
      CHECK(object["score"].is_number());
      CHECK((object["iou"] >= 0.0 && object["iou"] <= 1.0));
      ++compared;
    }
    const auto png = read_label_png(bench.folder / ("out/masks/0000" + std::to_string(frame) + ".png"));
    REQUIRE(png.ok());
    for (std::size_t i = 0; i < png->labels.size(); ++i) {
      // A label is one of the objects whose mask has the pixel; where none has it, there is no label.
      const std::uint8_t label = png->labels[i];
      bool any = false;
      for (const auto& [key, mask] : expected) any |= key.first == frame && mask[i];
      if (any != (label != 0) || (label && !expected.at({frame, label})[i]))
        FAIL("pixel " << i << " of " << frame);
    }
  }
  CHECK(compared == expected.size());
  const auto sheet = read_image(bench.folder / "out/sheet.png");
  REQUIRE(sheet.ok());
  CHECK(sheet->width == 6 + 4 * (kWidth + 6));
  CHECK(sheet->height == 6 + 2 * (kHeight + 6));
  CHECK(names_in(bench.folder / "out") == std::vector<std::string>{"masklets.jsonl", "masks", "sheet.png"});
}

TEST_CASE("what segment forgets behind itself changes no mask") {
  Bench bench;
  constexpr int kMany = 40;  // more than the windows of memories and of object pointers together
  write_clip({kWidth, kHeight, 2, 5}, kMany, bench.folder / "frames", bench.folder / "truth");
  REQUIRE(segment(bench.options).ok());
  const auto expected = masks_of_session(bench.options);
  const std::vector<Json> lines = bench.lines();
  REQUIRE(lines.size() == kMany + 2);
  for (int frame = 0; frame < kMany; ++frame) {
    for (const Json& object : lines[frame + 1]["objects"])
      CHECK(decoded(object["rle"]) == expected.at({frame, object["id"].get<int>()}));
  }
}

TEST_CASE("what segment forgets on the way there changes no mask on the way back") {
  Bench bench;
  constexpr int kMany = 60, kStart = 22;
  write_clip({kWidth, kHeight, 2, 5}, kMany, bench.folder / "frames", bench.folder / "truth");
  bench.options.direction = Direction::both;
  bench.options.prompts.resize(1);
  bench.options.prompts[0].frame = kStart;
  REQUIRE(segment(bench.options).ok());

  auto host = load_model_host(bench.options.model);
  auto frames = open_frame_folder(bench.options.input, std::nullopt);
  auto session = Session::create((*host)->model, {kWidth, kHeight, kMany}, {});  // which keeps everything
  REQUIRE((*session)->add_points(point_prompt(bench.options.prompts[0])).ok());
  REQUIRE(drive(**session, (*host)->runtime, **frames, {}).ok());
  std::map<int, std::vector<std::uint8_t>> expected;
  const int side = (*host)->model.architecture.low_res_size();
  for (const bool reverse : {false, true}) {
    REQUIRE((*session)->propagate({kStart, std::nullopt, reverse}).ok());
    REQUIRE(drive(**session, (*host)->runtime, **frames, [&](const FrameResult& result) -> Status {
              auto& mask = expected[result.frame];
              mask.resize(kWidth * kHeight);
              threshold_upsampled(result.objects[0].low_res_logits, side, side, kWidth, kHeight, 0, mask);
              return {};
            }).ok());
  }
  const std::vector<Json> lines = bench.lines();
  REQUIRE(lines.size() == kMany + 2);
  for (int line = 1; line <= kMany; ++line)
    CHECK(decoded(lines[line]["objects"][0]["rle"]) == expected.at(lines[line]["frame"].get<int>()));
}

TEST_CASE("two runs of segment write the same bytes") {
  Bench bench;
  REQUIRE(segment(bench.options).ok());
  const std::string first = read_all(bench.folder / "out/masklets.jsonl");
  REQUIRE(segment(bench.options).ok());
  CHECK(read_all(bench.folder / "out/masklets.jsonl") == first);
}

TEST_CASE("backward starts at the latest prompt, both ways at the earliest; no frame comes twice") {
  Bench bench;
  bench.options.prompts[0].frame = 3;
  const auto frames = [&](Direction direction) {
    bench.options.direction = direction;
    const auto summary = segment(bench.options);
    REQUIRE(summary.ok());
    REQUIRE(summary->status.ok());
    std::vector<int> order;
    for (const Json& line : bench.lines()) {
      if (line.contains("frame")) order.push_back(line["frame"]);
    }
    CHECK(static_cast<int>(order.size()) == summary->expected_frames);
    return order;
  };
  CHECK(frames(Direction::forward) == std::vector<int>{2, 3, 4, 5});
  CHECK(frames(Direction::backward) == std::vector<int>{3, 2, 1, 0});
  CHECK(frames(Direction::both) == std::vector<int>{2, 3, 4, 5, 1, 0});
}

TEST_CASE("a mask file is a prompt, whose pixels of the object come back on its frame") {
  Bench bench;
  ClipPrompt mask;
  mask.object = 2;
  mask.mask_path = bench.folder / "truth/00000.png";
  bench.options.prompts = {mask};
  bench.options.model.image_size = 96;
  REQUIRE(segment(bench.options).ok());
  const auto truth = read_label_png(mask.mask_path);
  const auto found = decoded(bench.lines()[1]["objects"][0]["rle"]);
  std::int64_t both = 0, either = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    both += found[i] && truth->labels[i] == 2;
    either += found[i] || truth->labels[i] == 2;
  }
  CHECK(static_cast<double>(both) / static_cast<double>(either) > 0.7);  // through logits of 24 x 24

  bench.options.prompts[0].object = 7;
  CHECK(refusal(bench.options).message.find("it holds 1, 2") != std::string::npos);
}

TEST_CASE("an interrupted run leaves the frames so far, marked partial") {
  Bench bench;
  bench.options.png = true;
  int asked = 0;
  bench.options.stop = [&asked] { return ++asked > 3; };  // once before the first frame, then after each
  const auto summary = segment(bench.options);
  REQUIRE(summary.ok());
  REQUIRE_FALSE(summary->status.ok());
  CHECK(summary->status.error().code == ErrorCode::cancelled);
  CHECK(exit_code(summary->status.error().code) == kInterrupted);
  CHECK(summary->frames == 3);
  const std::vector<Json> lines = bench.lines();
  REQUIRE(lines.size() == 5);
  CHECK(lines[3]["frame"] == 2);
  CHECK(lines[4]["end"]["partial"] == true);
  CHECK(lines[4]["end"]["frames"] == 3);
  CHECK(lines[4]["end"]["reason"].get<std::string>().find("interrupted") != std::string::npos);
  CHECK(names_in(bench.folder / "out/masks").size() == 3);
}

TEST_CASE("a frame that cannot be read ends the run; the frames before it are kept, marked partial") {
  Bench bench;
  write_all(bench.folder / "frames/00004.png", "no picture");
  const auto summary = segment(bench.options);
  REQUIRE(summary.ok());
  REQUIRE_FALSE(summary->status.ok());
  CHECK(summary->status.error().code == ErrorCode::broken_clip);
  CHECK(summary->frames == 4);
  CHECK(bench.lines().back()["end"]["partial"] == true);

  write_clip({96, 72, 1, 1}, 1, bench.folder / "other", bench.folder / "other");
  write_all(bench.folder / "frames/00004.png", read_all(bench.folder / "other/00000.png"));
  const auto other_size = segment(bench.options);
  REQUIRE(other_size.ok());
  CHECK(other_size->status.error().message.find("96 x 72") != std::string::npos);
}

TEST_CASE("the interrupt guard notes a signal and lets the next one through") {
  const InterruptGuard guard;
  CHECK_FALSE(guard.raised());
  std::raise(SIGINT);
  CHECK(guard.raised());
}

TEST_CASE("segment refuses inputs that are no clips") {
  Bench bench;
  bench.options.input = bench.folder / "absent";
  CHECK(refusal(bench.options).code == ErrorCode::io_failed);
  write_all(bench.folder / "video.mp4", "video");
  bench.options.input = bench.folder / "video.mp4";
  CHECK(refusal(bench.options).code == ErrorCode::unsupported_file);
  std::filesystem::create_directory(bench.folder / "empty");
  bench.options.input = bench.folder / "empty";
  CHECK(refusal(bench.options).code == ErrorCode::unsupported_file);
}

TEST_CASE(
    "a video gives the masks that a trace of it gives, and an overlay with its sound and all its frames") {
  Bench bench;
  run_command("ffmpeg -v error -y -framerate 25 -i '" + bench.folder / "frames/%05d.png" +
              "' -f lavfi -i sine=d=1 -shortest -c:v libx264 -pix_fmt yuv420p -c:a aac '" +
              bench.folder / "clip.mp4" + "'");
  bench.options.input = bench.folder / "clip.mp4";
  bench.options.overlay = bench.folder / "overlay.mp4";
  bench.options.prompts.resize(1);
  const auto summary = segment(bench.options);
  REQUIRE(summary.ok());
  REQUIRE(summary->status.ok());
  CHECK(summary->remark.empty());

  write_all(bench.folder / "script.json", R"({"frames": "clip.mp4", "calls": [
    {"op": "points", "tag": "p", "object": 1, "frame": 0, "points": [[12, 26], [60, 40]], "labels": [1, 0]},
    {"op": "propagate", "tag": "t"}]})");
  REQUIRE(trace(bench.folder / "script.json", bench.options.model, bench.folder / "trace.safetensors").ok());
  const auto source = open_file(bench.folder / "trace.safetensors");
  REQUIRE(source.ok());
  const auto traced = open_checkpoint(*source);
  REQUIRE(traced.ok());
  const std::vector<Json> lines = bench.lines();
  REQUIRE(lines.size() == kFrames + 2);
  // The prompted frame is not decoded again, so its mask stands under the prompt's tag.
  for (int frame = 1; frame < kFrames; ++frame) {
    CHECK(lines[frame + 1]["time"].get<double>() == Approx(frame / 25.0).margin(0.001));
    const auto logits = (*traced)->read("sam_low_res_masks_t_o1_f" + std::to_string(frame));
    REQUIRE(logits.ok());
    const int side = static_cast<int>(logits->shape.back());
    std::vector<std::uint8_t> mask(kWidth * kHeight);
    std::vector<float> filled(logits->f32().begin(), logits->f32().end());
    fill_holes(filled, side, side, TrackingOptions().fill_hole_area, 0.1f);
    threshold_upsampled(filled, side, side, kWidth, kHeight, 0, mask);
    CHECK(decoded(lines[frame + 1]["objects"][0]["rle"]) == mask);
  }

  const auto overlay = open_clip(bench.folder / "overlay.mp4", {});
  REQUIRE(overlay.ok());
  CHECK((*overlay)->frame_count() == kFrames);
  CHECK(Demuxer::open(bench.folder / "overlay.mp4", AVMEDIA_TYPE_AUDIO).ok());
}

TEST_CASE(
    "a video that breaks off is tracked as far as it goes, in both directions, with an exit code of its "
    "own") {
  Bench bench;
  write_numbered_video(bench.folder / "whole.mp4", 40,
                       "-c:v libx264 -g 5 -movflags +faststart -pix_fmt yuv420p");
  write_beginning(bench.folder / "whole.mp4", bench.folder / "cut.mp4", 0.7);
  bench.options.input = bench.folder / "cut.mp4";
  bench.options.overlay = bench.folder / "overlay.mp4";
  bench.options.direction = Direction::both;
  bench.options.prompts.resize(1);
  bench.options.prompts[0].frame = 3;
  const auto summary = segment(bench.options);
  REQUIRE(summary.ok());
  REQUIRE_FALSE(summary->status.ok());
  CHECK(exit_code(summary->status.error().code) == kBrokenClip);
  CHECK(summary->frames == summary->expected_frames);
  CHECK(summary->frames > 5);
  CHECK(bench.lines().back()["end"]["partial"] == true);
  CHECK(bench.lines().back()["end"]["reason"].get<std::string>().find("breaks off") != std::string::npos);
  CHECK((*open_clip(bench.folder / "overlay.mp4", {}))->frame_count() == summary->frames);
}

TEST_CASE("a full disk leaves whole lines, marked partial") {
  Bench bench;
  bench.options.progress = ProgressMode::none;
  REQUIRE(segment(bench.options).ok());
  const std::string whole = read_all(bench.folder / "out/masklets.jsonl");
  // The system refuses to let files grow, as a full disk does.
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = before;
  tight.rlim_cur = whole.size() * 7 / 10;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const auto summary = segment(bench.options);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignored);
  REQUIRE(summary.ok());
  REQUIRE_FALSE(summary->status.ok());
  CHECK(summary->status.error().code == ErrorCode::io_failed);
  const std::vector<Json> lines = bench.lines();
  REQUIRE(lines.size() >= 3);
  CHECK(lines.back()["end"]["partial"] == true);
  CHECK(lines.back()["end"]["frames"] == static_cast<int>(lines.size()) - 2);
  CHECK(names_in(bench.folder / "out") == std::vector<std::string>{"masklets.jsonl"});
}

TEST_CASE("an overlay that cannot be written is refused before the model is loaded") {
  Bench bench;
  bench.options.model.path = bench.folder / "no model is read";
  bench.options.overlay = bench.folder / "overlay.txt";
  CHECK(refusal(bench.options).message.find(".mp4, .mov or .mkv") != std::string::npos);
  bench.options.overlay = bench.folder / "nowhere/overlay.mp4";
  CHECK(refusal(bench.options).code == ErrorCode::io_failed);
}

TEST_CASE("segment refuses outputs that it cannot or must not write") {
  Bench bench;
  write_all(bench.folder / "file", "in the way");
  bench.options.output = bench.folder / "file/out";
  CHECK(refusal(bench.options).code == ErrorCode::io_failed);
  bench.options.output = bench.folder / "file";
  CHECK(refusal(bench.options).code == ErrorCode::io_failed);
  std::filesystem::rename(bench.folder / "frames", bench.folder / "masks");
  bench.options.input = bench.folder / "masks";
  bench.options.output = bench.folder / "";
  bench.options.png = true;
  CHECK(refusal(bench.options).message.find("written over the frames") != std::string::npos);
}

TEST_CASE("segment refuses prompts that the clip does not have room for, before it loads a model") {
  Bench bench;
  bench.options.model.path = bench.folder / "no model is read";
  bench.options.prompts[0].points = {{65, 3, 1}};
  CHECK(refusal(bench.options).message.find("object 1 on frame 0: the point (65") != std::string::npos);
  bench.options.prompts[0].points = {{1, 3, 1}};
  bench.options.prompts[0].frame = kFrames;
  CHECK(refusal(bench.options).code == ErrorCode::frame_out_of_range);
  bench.options.prompts = {bench.options.prompts[0]};
  bench.options.prompts[0].frame = 0;
  bench.options.direction = Direction::backward;
  CHECK(refusal(bench.options).message.find("nothing to track") != std::string::npos);
  bench.options.direction = Direction::forward;
  CHECK(refusal(bench.options).message.find("no model is read") != std::string::npos);
}

TEST_CASE("the segment command refuses flags that contradict each other or mean nothing") {
  Bench bench;
  const auto refused = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {bench.folder / "frames", "--model", "none", "-o",
                                          bench.folder / "out"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto code = run_cli(add_segment, arguments);
    REQUIRE_FALSE(code.ok());
    CHECK(exit_code(code.error().code) == kUsage);
    return code.error().message;
  };
  CHECK(refused({}).find("no object is given") != std::string::npos);
  CHECK(refused({"--click", "3,4", "--negative", "3,4"}).find("leave one") != std::string::npos);
  CHECK(refused({"--click", "3,4", "--mask", "m.png"}).find("a mask and also clicks") != std::string::npos);
  CHECK(refused({"--click", "3,4", "--direction", "up"}).find("forward, backward or both") !=
        std::string::npos);
  CHECK(refused({"--click", "3,4", "--progress", "loud"}).find("auto, bar, json or none") !=
        std::string::npos);
  CHECK(refused({"--click", "300,4"}).find("outside the frame") != std::string::npos);
  CHECK(refused({"--click", "3,4,6"}).find("frames are 0 to 5") != std::string::npos);
}

TEST_CASE("synth writes frames and masks, and refuses sizes that are none") {
  const TemporaryFolder folder;
  const auto synth = [&](const std::string& name, const std::string& size) {
    return run_cli(add_synth, {"-o", folder / name, "--frames", "3", "--size", size, "--objects", "2"});
  };
  REQUIRE(synth("a", "64x48").ok());
  CHECK(names_in(folder / "a/frames") == std::vector<std::string>{"00000.png", "00001.png", "00002.png"});
  CHECK(names_in(folder / "a/masks") == names_in(folder / "a/frames"));
  for (const char* size : {"64", "64x", "x48", "64x48x2", "0x48", "64x99999", "16x48"})
    CHECK(synth("c", size).error().code == ErrorCode::invalid_argument);
  CHECK_FALSE(std::filesystem::exists(folder / "c"));
}
