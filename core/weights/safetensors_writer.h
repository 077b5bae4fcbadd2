#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/tensor.h"
#include "core/weights/checkpoint.h"

namespace masklet {

/// Takes the next bytes of a file. Core opens no files; hosts do.
using ByteSink = std::function<Status(std::span<const std::byte>)>;

/// Makes the tensor of an index when its turn comes, so that one at a time is in memory.
using TensorProvider = std::function<Result<Tensor>(std::size_t index)>;

/// Writes a `.safetensors` file: first the header, padded so that the data begin at a multiple of 8 bytes,
/// then each tensor in the order given, but for `left_out` at the end, which the caller writes behind. Errors: invalid_argument for a name that is empty, repeated,
/// "__metadata__" or not UTF-8, or a provided tensor of another dtype or shape than announced; the provider's
/// and the sink's own.
Status write_safetensors(std::span<const TensorInfo> infos,
                         const std::map<std::string, std::string>& metadata, const TensorProvider& provider,
                         const ByteSink& sink, std::size_t left_out = 0);

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// The same for tensors that are in memory anyway.
Status write_safetensors(std::span<const NamedTensor> tensors,
                         const std::map<std::string, std::string>& metadata, const ByteSink& sink);

}  // namespace masklet
