#include <cstdio>

#include "native/cli/command.h"
#include "native/cli/memory_flags.h"
#include "native/cli/model_flags.h"
#include "native/cli/tracking_flags.h"
#include "native/host/atomic_file.h"
#include "native/host/evaluate.h"
#include "native/host/interrupt.h"
#include "native/output/score_table.h"

namespace masklet::native {
namespace {

struct Options {
  EvaluateOptions evaluate;
  ModelOptions model;
  std::string prompt;
  std::vector<std::string> predicted;
  MemoryFlags memory;
  std::string progress = "auto";
  std::string json;
};

/// The options of the command as those of the run.
Result<EvaluateOptions> understood(const Options& options) {
  EvaluateOptions evaluate = options.evaluate;
  if (!options.model.path.empty()) evaluate.model = options.model;
  if (!options.prompt.empty()) {
    MASKLET_ASSIGN(evaluate.prompt, parse_prompt_kind(options.prompt));
    if (!evaluate.model)
      return Error{ErrorCode::invalid_argument, "--prompt is '" + options.prompt +
                                                    "' and no model is there to be prompted; add --model or "
                                                    "leave it out"};
  }
  for (const std::string& text : options.predicted) {
    MASKLET_ASSIGN(evaluate.predicted.emplace_back(), parse_predicted(text));
  }
  MASKLET_ASSIGN(evaluate.memory, parse_memory_flags(options.memory));
  MASKLET_ASSIGN(evaluate.progress, parse_progress_mode(options.progress));
  return evaluate;
}

void print_outputs(const EvaluateOptions& options) {
  if (options.output.empty()) return;
  std::printf("\nmasks in %s/masks\n", options.output.c_str());
  if (options.sheet) std::printf("contact sheets in %s/sheets\n", options.output.c_str());
}

Result<ExitCode> eval(const Options& options) {
  MASKLET_ASSIGN(EvaluateOptions asked, understood(options));
  // Whether it can be written is known before the masks are made, not after.
  if (!options.json.empty()) MASKLET_TRY(AtomicFile::create(options.json));
  const InterruptGuard interrupt;
  asked.stop = [&interrupt] { return interrupt.raised(); };
  MASKLET_ASSIGN(const Evaluation evaluation, evaluate(asked));
  if (evaluation.sequences == 0) return evaluation.status.error();
  if (!evaluation.status)
    std::printf("partial: %d of %d sequences\n", evaluation.sequences, evaluation.expected_sequences);
  std::printf("%s", score_tables(evaluation).c_str());
  print_outputs(asked);
  if (asked.model) std::printf("\n%s", memory_lines(evaluation.memory, evaluation.steps, "").c_str());
  if (!options.json.empty()) {
    const std::string json = scores_json(evaluation, asked.dataset);
    MASKLET_TRY(write_file(options.json, std::as_bytes(std::span(json))));
  }
  if (!evaluation.status) return evaluation.status.error();
  return kSuccess;
}

}  // namespace

Action add_eval(CLI::App& command) {
  auto options = std::make_shared<Options>();
  EvaluateOptions& evaluate = options->evaluate;
  command
      .add_option("dataset", evaluate.dataset,
                  "Folder with JPEGImages/SEQUENCE and Annotations/SEQUENCE as DAVIS has them, with 480p in "
                  "between or not; or with frames and masks, as synth writes them")
      ->required();
  add_model_flags(command, options->model, false);
  add_tracking_flags(command, evaluate.tracking);
  add_memory_flags(command, options->memory);
  command.add_option("--prompt", options->prompt,
                     "What the model is told of each object on the first frame: mask (default), click: the "
                     "pixel deepest in it, or box: the tightest");
  command
      .add_option(
          "--predicted", options->predicted,
          "NAME=FOLDER: score the masks in FOLDER/SEQUENCE/00000.png, ... as a row NAME; may be given "
          "several times. FOLDER/00000.png does for a single sequence")
      ->type_size(1)
      ->allow_extra_args(false);  // what follows may be the dataset
  command.add_option("--sequences", evaluate.sequences, "Only these, as A,B,...")
      ->delimiter(',')
      ->type_size(1)
      ->allow_extra_args(false);
  command.add_option("--frames", evaluate.frames, "Only so many frames of each sequence, from its start");
  command.add_option("-o,--output", evaluate.output, "Folder for the model's masks/SEQUENCE/00000.png, ...");
  command.add_flag("--sheet", evaluate.sheet,
                   "Write sheets/SEQUENCE.png there too: frames with the model's masks, side by side");
  command.add_option("--json", options->json,
                     "Write everything to this file: every object's J and F by frame");
  command
      .add_option("--progress", options->progress,
                  "bar, json (a line a frame on stderr), none, or auto: bar on a terminal, else json")
      ->capture_default_str();
  command.footer(
      "J (region similarity) and F (contour accuracy) as DAVIS's semi-supervised protocol defines them: for\n"
      "the objects of the first annotation, on all frames but the first and the last, averaged over frames\n"
      "and then over all objects; objects that appear later are not scored. Pixels of index 255 are void.\n"
      "Recall is the share of frames over 0.5, decay what is lost from the first quarter to the last. In "
      "the\n"
      "row 'copy' the first mask is repeated on every frame; tools/eval adds baselines from optical flow.\n"
      "Ctrl-C keeps and prints the sequences that are finished and gives exit code 5.\n\n"
      "Examples:\n"
      "  masklet eval DAVIS --model sam2.1_hiera_tiny.pt --prompt click --frames 25 -o out --sheet\n"
      "  masklet eval DAVIS --predicted mine=results --predicted theirs=other/results --json scores.json\n"
      "  masklet eval clip --predicted nano=out/masks");
  return [options] { return eval(*options); };
}

}  // namespace masklet::native
