#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "native/host/clip_prompts.h"

namespace masklet::native {

/// Prompts as they are written on a command line, each flag any number of times.
struct PromptFlags {
  std::vector<std::string> clicks, negatives, boxes, masks;
  std::string file = {};
};

void add_prompt_flags(CLI::App& command, PromptFlags& flags);

/// Reads and merges them and those of the file. Errors: invalid_argument, quoting the flag; those of
/// merge_prompts and read_prompts_file; none given, unless they are `corrections` of a saved session.
Result<std::vector<ClipPrompt>> parse_prompt_flags(const PromptFlags& flags, bool corrections = false);

}  // namespace masklet::native
