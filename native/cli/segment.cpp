#include "native/host/segment.h"

#include <cstdio>

#include "native/cli/command.h"
#include "native/cli/memory_flags.h"
#include "native/cli/model_flags.h"
#include "native/cli/prompt_flags.h"
#include "native/cli/tracking_flags.h"
#include "native/host/interrupt.h"

namespace masklet::native {
namespace {

struct Options {
  SegmentOptions segment;
  PromptFlags prompts;
  MemoryFlags memory;
  std::string direction = {};
  std::string progress = "auto";
};

void print_outputs(const SegmentOptions& options, const SegmentSummary& summary) {
  std::printf("%d of %d frames, %.1f a second, in %s/masklets.jsonl%s\n", summary.frames,
              summary.expected_frames, summary.fps, options.output.c_str(),
              summary.status ? "" : ", marked partial");
  if (!options.save.empty())
    std::printf("session in %s; --resume %s goes on with it\n", options.save.c_str(), options.save.c_str());
  if (summary.frames == 0) return;
  if (options.png) std::printf("masks in %s/masks\n", options.output.c_str());
  if (options.sheet) std::printf("contact sheet in %s/sheet.png\n", options.output.c_str());
  const bool interrupted = !summary.status && summary.status.error().code == ErrorCode::cancelled;
  if (!options.overlay.empty() && !interrupted) std::printf("overlay video in %s\n", options.overlay.c_str());
  if (!summary.remark.empty()) std::printf("%s\n", summary.remark.c_str());
}

/// A saved session keeps the tracking options that it began with.
Status refuse_tracking_flags(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group() == "Tracking" && option->count() > 0)
      return Error{ErrorCode::invalid_argument, option->get_name() + " cannot be given with --resume: the session " +
                                                    "keeps the tracking options that it was saved with"};
  }
  return {};
}

Result<ExitCode> run(Options options, const CLI::App& command) {
  const bool resumes = !options.segment.resume.empty();
  if (resumes) MASKLET_TRY(refuse_tracking_flags(command));
  if (!options.direction.empty()) {
    MASKLET_ASSIGN(options.segment.direction, parse_direction(options.direction));
  }
  MASKLET_ASSIGN(options.segment.progress, parse_progress_mode(options.progress));
  MASKLET_ASSIGN(options.segment.prompts, parse_prompt_flags(options.prompts, resumes));
  MASKLET_ASSIGN(options.segment.memory, parse_memory_flags(options.memory));
  const InterruptGuard interrupt;
  options.segment.stop = [&interrupt] { return interrupt.raised(); };
  MASKLET_ASSIGN(const SegmentSummary summary, segment(options.segment));
  print_outputs(options.segment, summary);
  std::printf("%s", memory_lines(summary.memory, summary.steps, summary.warning).c_str());
  if (!summary.status) return summary.status.error();
  return kSuccess;
}

}  // namespace

Action add_segment(CLI::App& command) {
  auto options = std::make_shared<Options>();
  SegmentOptions& segment = options->segment;
  command
      .add_option("input", segment.input,
                  "Video (mp4, mov, webm, mkv, gif, ...), image, or folder of PNG or JPEG frames in the "
                  "order of their "
                  "numbers")
      ->required();
  add_model_flags(command, segment.model);
  add_prompt_flags(command, options->prompts);
  command.add_option("--direction", options->direction, "forward, backward or both (default: forward, or the saved session's)");
  add_tracking_flags(command, segment.tracking);
  add_memory_flags(command, options->memory);
  command
      .add_option("--history", segment.tracking.history_frames,
                  "Tracked frames around the current one that the session keeps beyond what tracking needs, for "
                  "corrections after --resume; -1: all, 0.75 MiB a frame and object with SAM 2 at 1024 pixels")
      ->capture_default_str()
      ->group("Tracking");
  command
      .add_option("--save", segment.save,
                  "Write the session to this file at the end, also after Ctrl-C or where the clip breaks off")
      ->group("Sessions");
  command
      .add_option("--resume", segment.resume,
                  "Go on with a session saved here or in a browser: same clip, same model; prompts are added to its own")
      ->group("Sessions");
  command
      .add_flag("--other-clip-file", segment.other_clip_file,
                "The clip is another file than the session's, of the same video: repaired, or packed anew")
      ->group("Sessions");
  command.add_option("-o,--output", segment.output, "Folder for masklets.jsonl and what else is asked for")
      ->required();
  command.add_flag("--png", segment.png, "Write masks/00000.png, ...: indexed, with the DAVIS palette");
  command.add_flag("--sheet", segment.sheet, "Write sheet.png: frames with their masks, side by side");
  command.add_option("--overlay", segment.overlay,
                     "Write this video (.mp4, .mov, .mkv): objects tinted and outlined, sound kept");
  command.add_option("--frame-rate", segment.frame_rate, "Frames a second of a folder of frames")
      ->check(CLI::Range(0.01, 1000.0))
      ->capture_default_str();
  command
      .add_option("--progress", options->progress,
                  "bar, json (a line a frame on stderr), none, or auto: bar on a terminal, else json")
      ->capture_default_str();
  command.footer(
      "masklets.jsonl: a header; a line a frame with its time and each object's COCO RLE, score, IoU "
      "estimate,\n"
      "area and box; an end line. Ctrl-C keeps the frames so far, marks them partial and gives exit code 5; "
      "a clip\n"
      "that breaks off half-way is tracked as far as it goes and gives exit code 6.\n\n"
      "--resume writes the results that are there and tracks what is left: frames without a result, and from the first\n"
      "new prompt on. A run that was interrupted and resumed writes the bytes of one that was not.\n\n"
      "Examples:\n"
      "  masklet segment clip.mp4 --model nano --click 640,360 -o out --overlay out/overlay.mp4\n"
      "  masklet segment clip.mp4 --model sam2.1_hiera_tiny.pt --click 320,180 -o out --png --sheet\n"
      "  masklet segment frames --model nano --box 40,30,180,200,0,1 --click 400,90,12,2 -o out\n"
      "  masklet segment clip.webm --model nano --prompts prompts.json --direction both -o out\n"
      "  masklet segment clip.mp4 --model nano --click 640,360 -o out --save out/clip.session --history -1\n"
      "  masklet segment clip.mp4 --model nano --resume out/clip.session --negative 600,300,40 -o out");
  return [options, &command] { return run(*options, command); };
}

}  // namespace masklet::native
