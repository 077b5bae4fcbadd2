#include <cstdio>
#include <exception>
#include <string>

#include "native/cli/command.h"

namespace masklet::native {
namespace {

constexpr const char* kAbout =
    "masklet: segment and track objects in video with SAM 2.\n\n"
    "Exit codes: 0 done, 1 compare found differences, 2 wrong usage, 3 a file is missing or broken,\n"
    "4 inference failed or memory ran out, 5 interrupted (what was finished is kept), 6 the clip is damaged\n"
    "(what could be read was used).";

int run(int argc, char** argv) {
  CLI::App app(kAbout, "masklet");
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help for every subcommand");
  Action action;
  const auto add = [&](const char* name, const char* about, Action (*define)(CLI::App&)) {
    CLI::App* command = app.add_subcommand(name, about);
    Action chosen = define(*command);
    command->callback([&action, chosen] { action = chosen; });
  };
  add("segment", "Track objects through a video from clicks, boxes or masks", add_segment);
  add("plan", "Say what memory a run takes, and what fits under a limit, without loading the model", add_plan);
  add("synth", "Draw a sample clip with exact masks", add_synth);
  add("eval", "Score a model, or masks, on annotated sequences: J and F as DAVIS has them", add_eval);
  add("inspect", "Say what a checkpoint holds: architecture, parameters, missing and unexpected tensors", add_inspect);
  add("import", "Turn a checkpoint into a model folder, in f32, f16 or q8", add_import);
  add("graphs", "Write the networks as ONNX models, to look into or to run elsewhere", add_graphs);
  add("trace", "Run a script of calls and write every decoder call's tensors", add_trace);
  add("compare", "Compare the tensors of two traces", add_compare);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kSuccess : kUsage;
  }
  const Result<ExitCode> code = action();
  if (code) return *code;
  std::fprintf(stderr, "masklet: %s: %s\n", std::string(error_name(code.error().code)).c_str(),
               code.error().message.c_str());
  return exit_code(code.error().code);
}

}  // namespace
}  // namespace masklet::native

int main(int argc, char** argv) {
  try {
    return masklet::native::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "masklet: %s\n", error.what());
    return masklet::native::kRuntime;
  }
}
