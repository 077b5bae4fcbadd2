#include "core/budget/limits.h"

#include <algorithm>
#include <charconv>

namespace masklet {
namespace {

struct Variable {
  const char* name;
  int Limits::* limit;
};
constexpr Variable kVariables[] = {{LimitNames().max_video_frames, &Limits::max_video_frames},
                                   {LimitNames().max_frame_dimension, &Limits::max_frame_dimension},
                                   {LimitNames().downscale_max, &Limits::downscale_max}};

Error too_large(const std::string& what, const char* name, int limit, const std::string& otherwise) {
  return {ErrorCode::invalid_argument, what + "; the limit is " + std::to_string(limit) + ": " + otherwise +
                                           ", or set " + name + " higher, or to 0 for no limit"};
}

}  // namespace

Result<Limits> limits_from(const Environment& environment, Limits limits) {
  for (const Variable& variable : kVariables) {
    const std::optional<std::string> text = environment(variable.name);
    if (!text) continue;
    int value = -1;
    const char* const end = text->data() + text->size();
    const auto [rest, failure] = std::from_chars(text->data(), end, value);
    if (failure != std::errc() || rest != end || value < 0)
      return Error{ErrorCode::invalid_argument, std::string(variable.name) + " is '" + *text +
                                                    "'; it must be a whole number, 0 for no limit"};
    limits.*variable.limit = value;
  }
  return limits;
}

Status check_limits(const Limits& limits, int width, int height, int frame_count, const LimitNames& names) {
  if (limits.max_frame_dimension && std::max(width, height) > limits.max_frame_dimension)
    return too_large("the frames are " + std::to_string(width) + " x " + std::to_string(height) + " pixels",
                     names.max_frame_dimension, limits.max_frame_dimension,
                     std::string("set ") + names.downscale_max + " to " + std::to_string(limits.max_frame_dimension) +
                         " to have them scaled down as they are read");
  if (limits.max_video_frames && frame_count > limits.max_video_frames)
    return too_large("the clip has " + std::to_string(frame_count) + " frames", names.max_video_frames,
                     limits.max_video_frames, "cut the clip");
  return {};
}

}  // namespace masklet
