#pragma once

#include <vector>

#include "core/base/result.h"
#include "core/weights/checkpoint.h"
#include "core/weights/safetensors_writer.h"
#include "core/weights/weight_storage.h"

namespace masklet {

/// Writes the given tensors of a checkpoint as `.safetensors`, one at a time. `tensors`: of the checkpoint;
/// their dtypes are ignored. With q8, matrices and convolutions (first dimension above 1, at least two
/// dimensions and 1024 elements) become int8 with a scale a channel beside them, the rest f32. Errors: weights_mismatch for a tensor that is missing, of another shape, not
/// finite, or beyond f16's 65504 where storage is f16; the checkpoint's and the sink's own.
Status write_converted(Checkpoint& checkpoint, const std::vector<TensorInfo>& tensors, WeightStorage storage,
                       const std::map<std::string, std::string>& metadata, const ByteSink& sink);

}  // namespace masklet
