#include "core/weights/strided_view.h"

#include <limits>
#include <vector>

#include "core/weights/little_endian.h"
#include "core/weights/quote_name.h"

namespace masklet {
namespace {

constexpr std::uint64_t kMaxExpanded = 4u << 20;

/// Elements from the first of the view to its last, both included; false on overflow. 0 for an empty view.
bool span_elements(const Shape& shape, const Shape& strides, std::uint64_t& span) {
  span = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0) {
      span = 0;
      return true;
    }
    std::uint64_t reach = 0;
    if (!checked_multiply(static_cast<std::uint64_t>(shape[i] - 1), static_cast<std::uint64_t>(strides[i]),
                          reach) ||
        !checked_add(span, reach, span))
      return false;
  }
  return true;
}

bool is_contiguous(const Shape& shape, const Shape& strides) {
  std::int64_t expected = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

/// Copies the view's elements in row-major order; `from` begins at its first element.
void gather(const std::vector<std::byte>& from, const Shape& strides, std::size_t item, Tensor& to) {
  const std::size_t rank = to.shape.size();
  std::vector<std::int64_t> position(rank, 0);
  std::uint64_t at = 0;  // wraps where a side of 1 has a huge stride, and comes back
  for (std::size_t out = 0; out < to.bytes.size(); out += item) {
    std::memcpy(to.bytes.data() + out, from.data() + static_cast<std::size_t>(at) * item, item);
    for (std::size_t i = rank; i-- > 0;) {
      const auto stride = static_cast<std::uint64_t>(strides[i]);
      at += stride;
      if (++position[i] < to.shape[i]) break;
      at -= stride * static_cast<std::uint64_t>(to.shape[i]);
      position[i] = 0;
    }
  }
}

}  // namespace

Status check_view(std::string_view name, DType dtype, const Shape& shape, const StridedView& view) {
  std::uint64_t bytes = dtype_bytes(dtype);
  for (std::int64_t side : shape) {
    if (side < 0 || !checked_multiply(bytes, static_cast<std::uint64_t>(side), bytes) ||
        bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return Error{ErrorCode::corrupt_file,
                   "tensor " + quote_name(name) + " has the impossible shape " + to_string(shape)};
  }
  const std::uint64_t stored = view.storage.bytes / dtype_bytes(dtype);
  std::uint64_t span = 0, end = 0;
  if (!span_elements(shape, view.strides, span) || !checked_add(view.offset, span, end) ||
      (span > 0 && end > stored)) {
    return Error{ErrorCode::corrupt_file, "tensor " + quote_name(name) + " of shape " + to_string(shape) +
                                              " and strides " + to_string(view.strides) + " at element " +
                                              std::to_string(view.offset) +
                                              " reaches beyond its storage of " + std::to_string(stored) +
                                              " elements; the file is damaged"};
  }
  return {};
}

Result<Tensor> read_view(ByteSource& source, std::string_view name, DType dtype, const Shape& shape,
                         const StridedView& view) {
  const std::size_t item = dtype_bytes(dtype);
  const auto elements = static_cast<std::uint64_t>(element_count(shape));
  if (elements > view.storage.bytes / item && elements > kMaxExpanded) {
    return Error{ErrorCode::unsupported_file,
                 "tensor " + quote_name(name) + " expands " + std::to_string(view.storage.bytes / item) +
                     " stored elements to " + std::to_string(elements) + "; save a .contiguous() copy"};
  }
  Tensor tensor(dtype, shape);
  if (tensor.bytes.empty()) return tensor;
  const std::uint64_t begin = view.storage.begin + view.offset * item;
  if (is_contiguous(shape, view.strides)) {
    MASKLET_TRY(source.read(begin, tensor.bytes));
    return tensor;
  }
  std::uint64_t span = 0;
  span_elements(shape, view.strides, span);
  std::vector<std::byte> stored(static_cast<std::size_t>(span) * item);
  MASKLET_TRY(source.read(begin, stored));
  gather(stored, view.strides, item, tensor);
  return tensor;
}

}  // namespace masklet
