#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "core/base/tensor.h"

namespace masklet::safetensors {

// What reader and writer share of the format: 8 bytes of header length, a JSON object
// {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}, then the tensors' bytes.

inline constexpr std::size_t kLengthBytes = 8;
inline constexpr std::string_view kMetadata = "__metadata__";

struct NamedDType {
  std::string_view name;
  DType dtype;
};

inline constexpr std::array<NamedDType, 10> kDTypes = {{
    {"F64", DType::f64},
    {"F32", DType::f32},
    {"F16", DType::f16},
    {"BF16", DType::bf16},
    {"I64", DType::i64},
    {"I32", DType::i32},
    {"I16", DType::i16},
    {"I8", DType::i8},
    {"U8", DType::u8},
    {"BOOL", DType::boolean},
}};

/// nullopt for names that masklet has no type for (F8_E4M3, U16, ...).
inline std::optional<DType> dtype_from_name(std::string_view name) {
  for (const NamedDType& row : kDTypes) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

inline std::string_view name_from_dtype(DType dtype) {
  for (const NamedDType& row : kDTypes) {
    if (row.dtype == dtype) return row.name;
  }
  return {};
}

}  // namespace masklet::safetensors
