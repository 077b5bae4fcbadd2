#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/result.h"
#include "core/base/tensor.h"
#include "core/weights/byte_source.h"

namespace masklet {

/// Where a storage lies in a source.
struct StorageRange {
  std::uint64_t begin = 0;  ///< byte offset in the source
  std::uint64_t bytes = 0;
};

/// A tensor as torch stores it: any strides, over a storage that several tensors may share.
struct StridedView {
  StorageRange storage;
  std::uint64_t offset = 0;  ///< elements into the storage
  Shape strides;             ///< in elements, none negative
};

/// Checks that a tensor of this dtype and shape lies inside its storage, and that its size fits 63 bits.
/// Errors: corrupt_file, naming the tensor.
Status check_view(std::string_view name, DType dtype, const Shape& shape, const StridedView& view);

/// Reads the view, checked before, into a contiguous tensor: in one read from its first to its last element.
/// Errors: unsupported_file where strides of 0 blow a small storage up beyond 4 Mi elements; the source's
/// own.
Result<Tensor> read_view(ByteSource& source, std::string_view name, DType dtype, const Shape& shape,
                         const StridedView& view);

}  // namespace masklet
