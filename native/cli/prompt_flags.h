#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "native/host/clip_prompts.h"

namespace masklet::native {

/// Prompts as they are written on a command line, each flag any number of times.
struct PromptFlags {
  std::vector<std::string> clicks, negatives, boxes, masks;
};

void add_prompt_flags(CLI::App& command, PromptFlags& flags);

/// Reads and merges them. Errors: invalid_argument, quoting the flag; those of merge_prompts; none given.
Result<std::vector<ClipPrompt>> parse_prompt_flags(const PromptFlags& flags);

}  // namespace masklet::native
