#pragma once

#include <cstdint>

#include "core/base/bits.h"

namespace masklet {

/// The nearest bfloat16, ties to even; NaN stays NaN. Memories are stored this way, as the reference does.
inline std::uint16_t bf16_from_f32(float value) {
  const auto bits = bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

inline float f32_from_bf16(std::uint16_t half) {
  return bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

/// IEEE 754 binary16 from f32, ties to even; too large becomes infinity, NaN stays NaN.
std::uint16_t f16_from_f32(float value);

/// Exact.
float f32_from_f16(std::uint16_t half);

}  // namespace masklet
