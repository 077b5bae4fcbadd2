#pragma once

#include <string>

#include "native/host/davis_dataset.h"

namespace masklet::native {

/// Masks that somebody has made already, to be scored: FOLDER/SEQUENCE/00000.png, or FOLDER/00000.png where
/// only one sequence is looked at.
struct PredictedMasks {
  std::string name;
  std::string folder;
};

/// "NAME=FOLDER". Errors: invalid_argument.
Result<PredictedMasks> parse_predicted(const std::string& text);

/// The folder of a sequence's masks, which has one for every scored frame. `alone`: it is the only sequence.
/// Errors: io_failed, naming the file or folder that is missing.
Result<std::string> find_masks(const PredictedMasks& masks, const DavisSequence& sequence, bool alone);

}  // namespace masklet::native
