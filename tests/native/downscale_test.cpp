#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/frame/downscaler.h"
#include "native/host/segment.h"
#include "native/media/image_file.h"
#include "native/media/png_file.h"
#include "tests/native/clip_files.h"
#include "tests/native/mini_model.h"

using namespace masklet;
using namespace masklet::native;
using namespace masklet::native::testing;
using Json = nlohmann::json;

namespace {

constexpr int kWidth = 96, kHeight = 64, kLongest = 61, kShorter = 41, kFrames = 4;

/// A variable of the environment, for as long as this lives.
struct Variable {
  const char* name;
  Variable(const char* name, int value) : name(name) { setenv(name, std::to_string(value).c_str(), 1); }
  ~Variable() { unsetenv(name); }
};

/// A clip, prompted at the size to which it is to be scaled down.
struct Bench {
  TemporaryFolder folder;
  SegmentOptions options;

  Bench() {
    write_clip({kWidth, kHeight, 1, 5}, kFrames, folder / "frames", folder / "truth");
    options.input = folder / "frames";
    options.model = mini_model();
    options.output = folder / "out";
    options.prompts.emplace_back().points = {{20, 20, 1}};
  }

  /// The header and the rest of what a run writes.
  std::pair<Json, std::vector<Json>> run() {
    const auto summary = segment(options);
    REQUIRE(summary.ok());
    REQUIRE(summary->status.ok());
    std::vector<Json> lines;
    for (const std::string& line : lines_of(folder / "out/masklets.jsonl")) lines.push_back(Json::parse(line));
    REQUIRE(lines.size() == kFrames + 2);
    return {lines[0], {lines.begin() + 1, lines.end()}};
  }
};

}  // namespace

TEST_CASE("DOWNSCALE_MAX scales frames down as they are read: all is as with a clip of that size") {
  Bench bench;
  const auto [header, found] = [&] {
    const Variable downscale("DOWNSCALE_MAX", kLongest);
    bench.options.overlay = bench.folder / "overlay.mp4";
    return bench.run();
  }();
  CHECK(header["width"] == kLongest);
  CHECK(header["height"] == kShorter);
  CHECK(header["scaled_from"] == Json({kWidth, kHeight}));
  const auto overlay = open_clip(bench.options.overlay, {});
  REQUIRE(overlay.ok());
  CHECK(std::abs((*overlay)->width() - kLongest) <= 1);  // video has even sides

  std::filesystem::create_directory(bench.folder / "scaled");
  for (const std::string& name : names_in(bench.options.input)) {
    const auto image = read_image((std::filesystem::path(bench.options.input) / name).string());
    REQUIRE(image.ok());
    RgbImage scaled{kLongest, kShorter, std::vector<std::uint8_t>(3 * kLongest * kShorter)};
    REQUIRE(resize_bicubic_rgb8(image->view(), kLongest, kShorter, scaled.pixels).ok());
    REQUIRE(write_png((std::filesystem::path(bench.folder / "scaled") / name).string(), scaled.view()).ok());
  }
  bench.options.input = bench.folder / "scaled";
  bench.options.overlay.clear();
  const auto [plain, expected] = bench.run();
  CHECK(found == expected);
  CHECK_FALSE(plain.contains("scaled_from"));
}

TEST_CASE("MAX_FRAME_DIMENSION is held against the scaled frames, and its refusal names the remedy that works") {
  Bench bench;
  const Variable most("MAX_FRAME_DIMENSION", kLongest);
  const auto refused = segment(bench.options);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("the frames are 96 x 64 pixels; the limit is 61: set DOWNSCALE_MAX to 61 ") == 0);
  CHECK_FALSE(plan_segment(bench.options).ok());
  const Variable downscale("DOWNSCALE_MAX", kLongest);
  CHECK(bench.run().first["width"] == kLongest);
}

TEST_CASE("a plan says that frames are scaled down, and counts them as they are read and as they are tracked") {
  Bench bench;
  const std::uint64_t whole = plan_segment(bench.options)->price[MemoryCategory::frames];
  const Variable downscale("DOWNSCALE_MAX", kLongest);
  const auto plan = plan_segment(bench.options);
  REQUIRE(plan.ok());
  CHECK(plan->scaling == "frames are scaled down from 96 x 64 to 61 x 41 pixels");
  CHECK(plan_text(*plan).find(plan->scaling) != std::string::npos);
  CHECK(Json::parse(plan_json(*plan))["scaling"] == plan->scaling);
  CHECK(plan->price[MemoryCategory::frames] >= whole + 3 * kLongest * kShorter);
}

TEST_CASE("a frame of another size than the clip's is an error where frames are scaled down as well") {
  Bench bench;
  write_clip({2 * kWidth, 2 * kHeight, 1, 1}, 1, bench.folder / "other", bench.folder / "other-truth");
  write_all(bench.folder / "frames/00002.png", read_all(bench.folder / "other/00000.png"));
  const Variable downscale("DOWNSCALE_MAX", kLongest);
  const auto summary = segment(bench.options);
  REQUIRE(summary.ok());
  CHECK(summary->frames == 2);
  CHECK(summary->status.error().message.find("192 x 128") != std::string::npos);
}
