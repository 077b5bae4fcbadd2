#pragma once

#include <string>

#include "core/base/result.h"

namespace masklet::native {

struct FrameSize {
  int width = 0;
  int height = 0;
};

/// Reads "640x360". Errors: invalid_argument, also for sides outside 1 .. 32768.
Result<FrameSize> parse_frame_size(const std::string& text);

}  // namespace masklet::native
