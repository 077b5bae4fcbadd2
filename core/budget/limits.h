#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/base/result.h"

namespace masklet {

/// How large a clip may be, and what is done where its frames are larger. In clip mode, where any frame can be
/// asked for again, the defaults are those of services that run SAM 2; a stream, which is tracked as it comes, has
/// none unless it is given one.
struct Limits {
  int max_video_frames = 300;      ///< MAX_VIDEO_FRAMES; 0: no limit
  int max_frame_dimension = 1920;  ///< MAX_FRAME_DIMENSION: the longer side in pixels; 0: no limit
  /// DOWNSCALE_MAX: frames whose longer side is larger are scaled down to it as they are read, and everything after
  /// that (prompts, masks, outputs, the limits themselves) is of that size; 0: none are.
  int downscale_max = 0;

  static Limits of_clips() { return {}; }
  static Limits of_streams() { return {0, 0, 0}; }
};

/// Reads a variable of the environment; absent where it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

/// `limits` with what the environment sets instead. Errors: invalid_argument, naming the variable.
Result<Limits> limits_from(const Environment& environment, Limits limits);

/// What a host calls the limits: variables of the environment, or options.
struct LimitNames {
  const char* max_video_frames = "MAX_VIDEO_FRAMES";
  const char* max_frame_dimension = "MAX_FRAME_DIMENSION";
  const char* downscale_max = "DOWNSCALE_MAX";
};

/// Refuses what is larger than the limits; width and height are those after scaling down. Errors: invalid_argument,
/// saying by which name the limit is raised or the frames are scaled down.
Status check_limits(const Limits& limits, int width, int height, int frame_count, const LimitNames& names = {});

}  // namespace masklet
