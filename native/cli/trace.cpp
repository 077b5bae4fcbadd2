#include <filesystem>

#include "native/cli/command.h"
#include "native/cli/model_flags.h"
#include "native/host/file_source.h"
#include "native/host/trace.h"

namespace masklet::native {

Action add_trace(CLI::App& command) {
  struct Options {
    std::string script, output;
    ModelOptions model;
    bool relay = false;
  };
  auto options = std::make_shared<Options>();
  command.add_option("script", options->script, "script.json: frames, options and calls")->required();
  command.add_option("-o,--output", options->output, "Tensors of every decoder call (.safetensors)")->required();
  add_model_flags(command, options->model);
  command.add_flag("--relay", options->relay,
                   "Hand the session to a new process, as a snapshot, after every frame and call");
  command.footer("Example:\n  masklet trace nano-b/script.json --model nano_b_random.pt --architecture "
                 "nano-b/architecture.json -o out.safetensors");
  return [options]() -> Result<ExitCode> {
    MASKLET_TRY(options->relay ? trace_by_relay(options->script, options->model, options->output)
                               : trace(options->script, options->model, options->output));
    return kSuccess;
  };
}

}  // namespace masklet::native
