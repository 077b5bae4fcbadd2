#include "native/host/predicted_masks.h"

#include <filesystem>

namespace masklet::native {

namespace fs = std::filesystem;

Result<PredictedMasks> parse_predicted(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    return Error{ErrorCode::invalid_argument,
                 "--predicted is '" + text + "'; write NAME=FOLDER, the name being that of its row"};
  return PredictedMasks{text.substr(0, equals), text.substr(equals + 1)};
}

Result<std::string> find_masks(const PredictedMasks& masks, const DavisSequence& sequence, bool alone) {
  std::error_code failure;
  const auto missing = [&](const std::string& what) {
    return Error{ErrorCode::io_failed, "the masks '" + masks.name + "' of the sequence '" + sequence.name +
                                           "' are not whole: " + what};
  };
  fs::path folder = fs::path(masks.folder) / sequence.name;
  if (!fs::is_directory(folder, failure)) {
    if (!alone) return missing("'" + folder.string() + "' is not a folder; --sequences leaves sequences out");
    folder = masks.folder;
  }
  for (int frame = sequence.first_scored(); frame <= sequence.last_scored(); ++frame) {
    const fs::path path = folder / sequence.mask_names[frame];
    if (!fs::exists(path, failure))
      return missing("'" + path.string() + "' is missing; frames " + std::to_string(sequence.first_scored()) +
                     " to " + std::to_string(sequence.last_scored()) + " must be there");
  }
  return folder.string();
}

}  // namespace masklet::native
