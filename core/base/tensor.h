#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace masklet {

/// Element types that checkpoints hold and networks exchange.
enum class DType : std::uint8_t { f32, f64, f16, bf16, i64, i32, i16, i8, u8, boolean };

/// Bytes of one element.
std::size_t dtype_bytes(DType dtype);

/// "f32", "bf16", ... as shown to people.
std::string_view dtype_name(DType dtype);

/// Sizes from the outermost dimension to the innermost; empty for a scalar.
using Shape = std::vector<std::int64_t>;

/// Product of the sizes; 1 for a scalar.
std::int64_t element_count(const Shape& shape);

/// "[1, 256, 64, 64]".
std::string to_string(const Shape& shape);

/// A dense, row-major array that owns its bytes.
struct Tensor {
  DType dtype = DType::f32;
  Shape shape;
  std::vector<std::byte> bytes;

  Tensor() = default;
  /// Zero-filled.
  Tensor(DType dtype, Shape shape);
  /// f32 with the given values; `values.size()` must be the shape's element count.
  static Tensor from(Shape shape, std::span<const float> values);

  std::int64_t size() const { return element_count(shape); }

  /// The elements as T, which must be of the dtype's size.
  template <class T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  template <class T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  std::span<float> f32() { return as<float>(); }
  std::span<const float> f32() const { return as<float>(); }
};

}  // namespace masklet
