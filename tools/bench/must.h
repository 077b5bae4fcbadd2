#pragma once

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/result.h"

namespace masklet::bench {

/// Ends the program; each one says in its own way what failed.
[[noreturn]] void die(const Error& error);

template <class T>
T must(Result<T> result) {
  if (!result) die(result.error());
  return std::move(*result);
}
inline void must(Status status) {
  if (!status) die(status.error());
}

/// One JSON object a line on stdout, at once.
inline void print(const nlohmann::json& line) {
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
}

}  // namespace masklet::bench
