#pragma once

#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/weights/checkpoint.h"
#include "core/weights/safetensors_writer.h"

namespace masklet {

/// How a model folder stores its weights: all f32; all f16; or matrices and convolutions (first dimension
/// above 1, at least two dimensions and 1024 elements) as int8 with a scale a channel beside them, the rest
/// f32.
enum class WeightStorage { f32, f16, q8 };

/// "f32", "f16" or "q8". Errors: invalid_argument.
Result<WeightStorage> parse_weight_storage(std::string_view name);

/// Writes the given tensors of a checkpoint as `.safetensors`, one at a time. `tensors`: of the checkpoint;
/// their dtypes are ignored. Errors: weights_mismatch for a tensor that is missing, of another shape, not
/// finite, or beyond f16's 65504 where storage is f16; the checkpoint's and the sink's own.
Status write_converted(Checkpoint& checkpoint, const std::vector<TensorInfo>& tensors, WeightStorage storage,
                       const std::map<std::string, std::string>& metadata, const ByteSink& sink);

}  // namespace masklet
