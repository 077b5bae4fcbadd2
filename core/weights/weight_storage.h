#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/base/tensor.h"

namespace masklet {

/// What weights are kept as, in a model folder and in the memory of a runtime. What of them becomes int8 with q8 is the
/// keeper's matter.
enum class WeightStorage { f32, f16, q8 };

/// "f32", "f16" or "q8". Errors: invalid_argument.
Result<WeightStorage> parse_weight_storage(std::string_view name);

std::string_view weight_storage_name(WeightStorage storage);

/// As f16; `name` is for the error. Errors: weights_mismatch for a value beyond f16's 65504.
Result<Tensor> to_f16(std::string_view name, const Tensor& tensor);

}  // namespace masklet
