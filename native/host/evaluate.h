#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/evaluation/scores.h"
#include "native/host/annotation_prompts.h"
#include "native/host/memory_plan.h"
#include "native/host/model_host.h"
#include "native/host/predicted_masks.h"
#include "native/output/progress.h"

namespace masklet::native {

struct EvaluateOptions {
  std::string dataset;                 ///< see open_davis
  std::vector<std::string> sequences;  ///< empty: all
  int frames = 0;                      ///< of each sequence, from its start; 0: all
  std::optional<ModelOptions> model;   ///< absent: only masks that are there already are scored
  PromptKind prompt = PromptKind::mask;
  TrackingOptions tracking;  ///< history_frames is evaluate's own
  std::vector<PredictedMasks> predicted;
  std::string output;  ///< folder for the model's masks/SEQUENCE/00000.png; empty: they are not written
  bool sheet = false;  ///< sheets/SEQUENCE.png as well
  MemoryOptions memory;
  ProgressMode progress = ProgressMode::none;
  /// Asked after every frame; true ends the run with `cancelled`.
  std::function<bool()> stop;
};

/// The baseline that needs no files: the first annotation, unchanged, on every frame.
inline constexpr const char* kCopy = "copy";

/// What was scored. `status` is not ok where the run ended early; the sequences finished before are whole.
struct Evaluation {
  Status status;
  std::vector<MethodScores> methods;  ///< the model's, those of `predicted` in their order, copy
  int sequences = 0;                  ///< finished
  int expected_sequences = 0;
  RunMemory memory;                ///< of the model's run
  std::vector<std::string> steps;  ///< what was given up to stay under the memory limit
  int shortest_frames = 0, longest_frames = 0;  ///< frames taken of the finished ones
};

/// Scores masks by DAVIS's semi-supervised protocol: objects of the first annotation, each on all frames but
/// the first and the last; J and F of one object against all else. Objects that appear later are background.
/// Pixels of index 255 in an indexed annotation are void. The model is prompted with all objects of a
/// sequence in one session; where its masks overlap, the higher logit takes the pixel. Errors that leave no
/// results at all: those of the dataset, of masks that are missing, of the output folder and of the model.
Result<Evaluation> evaluate(const EvaluateOptions& options);

}  // namespace masklet::native
