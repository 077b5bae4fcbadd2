#pragma once

#include <string>
#include <string_view>

namespace masklet {

enum class ErrorCode {
#define MASKLET_ERROR(name, meaning) name,
#include "core/base/error_codes.inc"
#undef MASKLET_ERROR
};

/// The code's name as written in error_codes.inc; stable, for JSON and JavaScript.
std::string_view error_name(ErrorCode code);

/// One line on what the code stands for.
std::string_view error_meaning(ErrorCode code);

/// What went wrong. `message` names the offending value, the limit it broke and a remedy.
struct Error {
  ErrorCode code;
  std::string message;
};

}  // namespace masklet
