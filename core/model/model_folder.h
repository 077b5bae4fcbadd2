#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "core/base/result.h"
#include "core/model/architecture.h"
#include "core/weights/checkpoint.h"
#include "core/weights/convert.h"

namespace masklet {

/// A model folder holds these two files.
inline constexpr std::string_view kArchitectureFile = "model.json";
inline constexpr std::string_view kWeightsFile = "model.safetensors";

/// Takes the next bytes of a file of the folder. Files come one after the other.
using FolderSink = std::function<Status(std::string_view file, std::span<const std::byte> bytes)>;

/// Writes a checkpoint as a model folder, tensor by tensor: weights first and model.json last, so that a
/// folder with a model.json is whole. Tensors that the architecture does not need are left out. Errors:
/// weights_mismatch as recognise() and write_converted(); the checkpoint's and the sink's own.
Status write_model_folder(const Architecture& architecture, Checkpoint& checkpoint, WeightStorage storage,
                          const FolderSink& sink);

}  // namespace masklet
