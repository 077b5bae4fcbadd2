#pragma once

#include "core/base/error.h"

namespace masklet::native {

/// What the process tells its caller. Documented in `masklet --help`.
enum ExitCode {
  kSuccess = 0,
  kDifferent = 1,    // compare: over the tolerance
  kUsage = 2,        // options that cannot be understood or contradict each other
  kBadInput = 3,     // a file that is missing, broken or of the wrong kind
  kRuntime = 4,      // inference failed, or memory ran out
  kInterrupted = 5,  // cancelled; what was finished is kept
  kBrokenClip = 6,   // the clip breaks off or is damaged; what could be read was used
};

inline ExitCode exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::invalid_state:
    case ErrorCode::unknown_object:
    case ErrorCode::frame_out_of_range:
      return kUsage;
    case ErrorCode::corrupt_file:
    case ErrorCode::unsupported_file:
    case ErrorCode::unsafe_pickle:
    case ErrorCode::unknown_architecture:
    case ErrorCode::weights_mismatch:
    case ErrorCode::io_failed:
      return kBadInput;
    case ErrorCode::step_mismatch:
    case ErrorCode::runtime_failed:
    case ErrorCode::out_of_memory:
      return kRuntime;
    case ErrorCode::cancelled:
      return kInterrupted;
    case ErrorCode::broken_clip:
      return kBrokenClip;
  }
  return kRuntime;
}

}  // namespace masklet::native
