#pragma once

#include <string>

#include "core/base/result.h"
#include "core/base/tensor.h"
#include "native/runtime/ort_api.h"

namespace masklet::native {

/// A view of `tensor` for the runtime, without copying: `tensor` must outlive it. `what` names it in errors.
/// invalid_argument: negative sizes, or bytes that are not those of the shape.
Result<ort::Value> view_tensor(const ort::Api& api, const ort::OrtMemoryInfo* memory, const Tensor& tensor,
                               const std::string& what);

/// A copy of the runtime's tensor. runtime_failed: not a tensor, or of an element type that core does not
/// have.
Result<Tensor> copy_tensor(const ort::Api& api, ort::OrtValue* value, const std::string& what);

/// Bytes of the elements of the runtime's tensor.
Result<std::size_t> tensor_bytes(const ort::Api& api, const ort::OrtValue* value, const std::string& what);

}  // namespace masklet::native
