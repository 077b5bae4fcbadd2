#include "core/budget/plan.h"

#include <cstdio>

#include "native/cli/command.h"
#include "native/cli/memory_flags.h"
#include "native/cli/model_flags.h"
#include "native/cli/tracking_flags.h"
#include "native/host/segment.h"

namespace masklet::native {
namespace {

struct Options {
  SegmentOptions segment;
  MemoryFlags memory;
  std::string direction = "forward";
  int objects = 1;
  bool json = false;
};

Result<ExitCode> run(Options options) {
  MASKLET_ASSIGN(options.segment.direction, parse_direction(options.direction));
  MASKLET_ASSIGN(options.segment.memory, parse_memory_flags(options.memory));
  // One click each where the way begins, or where there is a way back: what it says does not matter here.
  for (int object = 1; object <= options.objects; ++object) {
    ClipPrompt& prompt = options.segment.prompts.emplace_back();
    prompt.object = object;
    prompt.frame = options.segment.direction == Direction::forward ? 0 : 1;
    prompt.points = {{0, 0, 1}};
  }
  MASKLET_ASSIGN(const Plan plan, plan_segment(options.segment));
  std::printf("%s%s", options.json ? plan_json(plan).c_str() : plan_text(plan).c_str(), options.json ? "\n" : "");
  return kSuccess;
}

}  // namespace

Action add_plan(CLI::App& command) {
  auto options = std::make_shared<Options>();
  SegmentOptions& segment = options->segment;
  command.add_option("input", segment.input, "The clip, as for segment")->required();
  add_model_flags(command, segment.model);
  add_memory_flags(command, options->memory);
  add_tracking_flags(command, segment.tracking);
  command.add_option("--objects", options->objects, "Objects that are tracked")
      ->check(CLI::Range(1, 255))
      ->capture_default_str();
  command.add_option("--direction", options->direction, "forward, backward or both")->capture_default_str();
  command.add_flag("--png", segment.png, "As segment's: masks that compete for pixels take more");
  command.add_flag("--json", options->json, "One JSON object, in bytes");
  command.footer(
      "What does not fit is refused with what it would take and the nearest settings that fit; exit code 4.\n\n"
      "Example:\n  masklet plan clip.mp4 --model sam2.1_hiera_tiny.pt --memory-limit 700MiB --objects 2");
  return [options] { return run(*options); };
}

}  // namespace masklet::native
