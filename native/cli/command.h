#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "core/base/result.h"
#include "native/cli/exit_codes.h"

namespace masklet::native {

/// What a subcommand does once its options are parsed: the process's exit code, or an error that main prints.
using Action = std::function<Result<ExitCode>()>;

// One file a subcommand: each adds its options to the application and returns what it does.
Action add_inspect(CLI::App& command);
Action add_import(CLI::App& command);
Action add_graphs(CLI::App& command);
Action add_trace(CLI::App& command);
Action add_compare(CLI::App& command);
Action add_synth(CLI::App& command);
Action add_segment(CLI::App& command);
Action add_eval(CLI::App& command);
Action add_plan(CLI::App& command);

}  // namespace masklet::native
