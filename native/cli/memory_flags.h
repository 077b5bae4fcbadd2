#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "core/budget/bytes.h"
#include "native/host/memory_plan.h"

namespace masklet::native {

/// The cap on memory, as given.
struct MemoryFlags {
  std::string limit;
  std::string on_pressure = "fail";
};

inline void add_memory_flags(CLI::App& command, MemoryFlags& flags) {
  command
      .add_option("--memory-limit", flags.limit,
                  "Most memory that the process may take, as 512MiB or 2.5GiB: planned before the model loads, kept "
                  "while it runs (default: no limit)")
      ->group("Memory");
  command
      .add_option("--on-pressure", flags.on_pressure,
                  "Where the limit is too low: fail, or degrade to fewer memories and a smaller input, telling each "
                  "step")
      ->capture_default_str()
      ->group("Memory");
}

inline Result<MemoryOptions> parse_memory_flags(const MemoryFlags& flags) {
  MemoryOptions options;
  if (!flags.limit.empty()) {
    MASKLET_ASSIGN(options.limit_bytes, parse_bytes(flags.limit, "--memory-limit"));
  }
  MASKLET_ASSIGN(options.on_pressure, parse_on_pressure(flags.on_pressure));
  return options;
}

}  // namespace masklet::native
