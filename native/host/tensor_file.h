#pragma once

#include <string>
#include <vector>

#include "core/weights/safetensors_writer.h"

namespace masklet::native {

/// Tensors in the order in which they were made.
using TensorList = std::vector<NamedTensor>;

/// Writes a .safetensors file, whole or not at all. Errors: io_failed.
Status write_tensors(const std::string& path, const TensorList& tensors);

}  // namespace masklet::native
