#include "native/cli/command.h"
#include "native/cli/model_flags.h"
#include "native/host/trace.h"

namespace masklet::native {

Action add_trace(CLI::App& command) {
  struct Options {
    std::string script, output, relay_leg;
    ModelOptions model;
    bool relay = false, inputs = false;
  };
  auto options = std::make_shared<Options>();
  command.add_option("script", options->script, "script.json: frames, options and calls")->required();
  command.add_option("-o,--output", options->output, "Tensors of every decoder call (.safetensors)")->required();
  add_model_flags(command, options->model);
  command.add_flag("--relay", options->relay,
                   "Hand the session to a new process, as a snapshot, after every frame and call");
  command.add_flag("--inputs", options->inputs, "Write what the image encoder is given as well");
  command.add_option("--relay-leg", options->relay_leg)->group("");  // how --relay calls itself; not for people
  command.footer(
      "Example:\n  masklet trace script.json --model weights.pt --architecture model.json -o out.safetensors");
  return [options]() -> Result<ExitCode> {
    if (!options->relay_leg.empty()) {
      MASKLET_TRY(run_relay_leg(options->script, options->model, options->relay_leg));
      return kSuccess;
    }
    MASKLET_TRY(options->relay ? trace_by_relay(options->script, options->model, options->output)
                               : trace(options->script, options->model, options->output, options->inputs));
    return kSuccess;
  };
}

}  // namespace masklet::native
