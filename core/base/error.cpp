#include "core/base/error.h"

namespace masklet {

std::string_view error_name(ErrorCode code) {
  switch (code) {
#define MASKLET_ERROR(name, meaning) \
  case ErrorCode::name:              \
    return #name;
#include "core/base/error_codes.inc"
#undef MASKLET_ERROR
  }
  return "unknown";
}

std::string_view error_meaning(ErrorCode code) {
  switch (code) {
#define MASKLET_ERROR(name, meaning) \
  case ErrorCode::name:              \
    return meaning;
#include "core/base/error_codes.inc"
#undef MASKLET_ERROR
  }
  return "";
}

}  // namespace masklet
