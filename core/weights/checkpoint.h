#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/tensor.h"
#include "core/weights/byte_source.h"

namespace masklet {

/// What a checkpoint says about one tensor without reading it.
struct TensorInfo {
  std::string name;  ///< as the published state dict names it, prefixes such as "module." removed
  DType dtype = DType::f32;
  Shape shape;

  bool operator==(const TensorInfo&) const = default;
};

/// Tensors by name over a ByteSource. Only the directory is held; each read fetches one tensor. No tensor
/// appears twice.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;

  /// Every tensor, in the file's order. Quantised tensors are i8; their scales are not listed.
  virtual const std::vector<TensorInfo>& tensors() const = 0;

  /// nullptr where the checkpoint has no such tensor.
  const TensorInfo* find(std::string_view name) const;

  /// The tensor in its stored dtype, contiguous and row-major. Errors: weights_mismatch where there is none
  /// of the name, out_of_memory, the source's own.
  Result<Tensor> read(std::string_view name);

  /// The tensor converted to f32; quantised tensors become the values they stand for. Fails with
  /// weights_mismatch, naming the tensor and the first bad position, on NaN or infinity.
  Result<Tensor> read_f32(std::string_view name);

 protected:
  /// `index` counts in tensors().
  virtual Result<Tensor> read_at(std::size_t index) = 0;

  /// f32 values of what read_at(index) gave; plain conversion unless overridden.
  virtual Result<Tensor> widen(std::size_t index, Tensor stored);

 private:
  mutable std::vector<std::size_t> by_name_;  // indices in tensors(), sorted by name; made at the first find
};

/// Plain conversion to f32, which is exact for f16, bf16, and integers of at most 16 bits.
Tensor to_f32(Tensor tensor);

/// Fails with weights_mismatch, naming the tensor and the first position, where an f32 tensor holds NaN or
/// infinity.
Status check_finite(std::string_view name, const Tensor& tensor);

/// Opens a PyTorch `.pt` (zip with a state dict, or the older format without zip) or a `.safetensors` file,
/// told apart by their first bytes. Errors: corrupt_file, unsupported_file, unsafe_pickle, out_of_memory; the
/// source's own.
Result<std::unique_ptr<Checkpoint>> open_checkpoint(std::shared_ptr<ByteSource> source);

}  // namespace masklet
