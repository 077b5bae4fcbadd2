#include "core/model/model_folder.h"

#include "core/model/model_tensors.h"

namespace masklet {

Status write_model_folder(const Architecture& architecture, Checkpoint& checkpoint, WeightStorage storage,
                          const FolderSink& sink) {
  MASKLET_TRY(validate(architecture));
  MASKLET_TRY(check_report(compare_tensors(architecture, checkpoint.tensors())));
  const auto weights = [&](std::span<const std::byte> bytes) { return sink(kWeightsFile, bytes); };
  MASKLET_TRY(
      write_converted(checkpoint, expected_tensors(architecture), storage, {{"format", "pt"}}, weights));
  const std::string json = to_json(architecture);
  return sink(kArchitectureFile, std::as_bytes(std::span<const char>(json)));
}

}  // namespace masklet
