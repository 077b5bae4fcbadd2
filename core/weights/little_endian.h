#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace masklet {

// Checkpoints are little-endian, and so is every target: tensors are copied, not swapped.
static_assert(std::endian::native == std::endian::little, "masklet reads weights without swapping bytes");

/// The integer or float at `bytes[at]`; the caller has checked that it lies inside.
template <class T>
T load_little_endian(std::span<const std::byte> bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

/// a * b, or false where it does not fit 64 bits. Sizes in files are hostile until checked.
inline bool checked_multiply(std::uint64_t a, std::uint64_t b, std::uint64_t& product) {
  return !__builtin_mul_overflow(a, b, &product);
}

/// a + b, or false where it does not fit 64 bits.
inline bool checked_add(std::uint64_t a, std::uint64_t b, std::uint64_t& sum) {
  return !__builtin_add_overflow(a, b, &sum);
}

}  // namespace masklet
