#include "core/budget/limits.h"

#include <catch2/catch.hpp>
#include <map>

using namespace masklet;

namespace {

Environment environment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional(it->second);
  };
}

}  // namespace

TEST_CASE("Limits are those of the mode unless the environment sets them") {
  const auto plain = limits_from(environment({}), Limits::of_clips());
  REQUIRE(plain.ok());
  CHECK(plain->max_video_frames == 300);
  CHECK(plain->max_frame_dimension == 1920);
  const auto stream = limits_from(environment({{"MAX_FRAME_DIMENSION", "640"}}), Limits::of_streams());
  REQUIRE(stream.ok());
  CHECK(stream->max_video_frames == 0);
  CHECK(stream->max_frame_dimension == 640);
  CHECK(stream->downscale_max == 0);
  CHECK(limits_from(environment({{"DOWNSCALE_MAX", "960"}}), Limits::of_streams())->downscale_max == 960);
}

TEST_CASE("A limit that is no number is refused by its name") {
  for (const char* value : {"", "many", "-1", "12 ", "1e3", "99999999999"}) {
    const auto limits = limits_from(environment({{"MAX_VIDEO_FRAMES", value}}), Limits::of_clips());
    REQUIRE_FALSE(limits.ok());
    CHECK(limits.error().code == ErrorCode::invalid_argument);
    CHECK(limits.error().message.find("MAX_VIDEO_FRAMES is '" + std::string(value) + "'") == 0);
  }
}

TEST_CASE("Clips are refused beyond a limit, with what raises it") {
  const Limits limits = Limits::of_clips();
  CHECK(check_limits(limits, 1920, 1080, 300).ok());
  CHECK(check_limits(Limits::of_streams(), 4096, 4096, 1 << 20).ok());
  const Status longer = check_limits(limits, 640, 360, 301);
  REQUIRE_FALSE(longer.ok());
  CHECK(longer.error().message.find("the clip has 301 frames; the limit is 300") == 0);
  CHECK(longer.error().message.find("MAX_VIDEO_FRAMES") != std::string::npos);
  const Status larger = check_limits(limits, 1080, 1921, 1);
  REQUIRE_FALSE(larger.ok());
  CHECK(larger.error().message ==
        "the frames are 1080 x 1921 pixels; the limit is 1920: set DOWNSCALE_MAX to 1920 to have them scaled down as they "
        "are read, or set MAX_FRAME_DIMENSION higher, or to 0 for no limit");
  const Status named = check_limits(limits, 640, 360, 301, {"limits.frames", "limits.side"});
  REQUIRE_FALSE(named.ok());
  CHECK(named.error().message.find("set limits.frames higher") != std::string::npos);
}
