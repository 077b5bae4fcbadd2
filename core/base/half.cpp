#include "core/base/half.h"

namespace masklet {

std::uint16_t f16_from_f32(float value) {
  const auto bits = bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return sign | 0x7e00u;   // NaN
  if (magnitude >= 0x47800000u) return sign | 0x7c00u;  // 65536 and more
  if (magnitude < 0x38800000u) {
    // Subnormal half: adding 0.5 leaves the value, rounded to a multiple of 2^-24, in the low mantissa bits.
    const float shifted = bit_cast<float>(magnitude) + 0.5f;
    return sign | static_cast<std::uint16_t>(bit_cast<std::uint32_t>(shifted) - 0x3f000000u);
  }
  // Rebias the exponent by 15 - 127 and round the 13 dropped mantissa bits to even; a carry may reach infinity.
  const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return sign | static_cast<std::uint16_t>((rounded - 0x38000000u) >> 13);
}

float f32_from_f16(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fu;
  const std::uint32_t mantissa = half & 0x3ffu;
  if (exponent == 0x1f) return bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent == 0) {
    const float value = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -value : value;
  }
  return bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

}  // namespace masklet
