#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

// The few 128-bit vector operations that pixel loops need, in the compilers' portable vector extension. Two
// of them exist as one instruction on x86-64 and in wasm but not in that extension; elsewhere their portable
// form gives the same bits.

namespace masklet::simd {

using U8x16 = std::uint8_t __attribute__((vector_size(16)));
using I16x8 = std::int16_t __attribute__((vector_size(16)));
using U32x4 = std::uint32_t __attribute__((vector_size(16)));
using I32x4 = std::int32_t __attribute__((vector_size(16)));

inline U8x16 load(const std::uint8_t* from) {
  U8x16 value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline I16x8 load(const std::int16_t* from) {
  I16x8 value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline void store(std::uint8_t* to, U8x16 value) {
  std::memcpy(to, &value, sizeof value);
}

/// a0 b0 a1 b1 ... a7 b7
inline U8x16 interleave_low(U8x16 a, U8x16 b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

/// a8 b8 ... a15 b15
inline U8x16 interleave_high(U8x16 a, U8x16 b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/// a0 b0 a1 b1 a2 b2 a3 b3
inline I16x8 interleave_low(I16x8 a, I16x8 b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

/// a4 b4 ... a7 b7
inline I16x8 interleave_high(I16x8 a, I16x8 b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/// Bytes 0 to 7 (8 to 15) as 16-bit integers; all targets are little-endian.
inline I16x8 widen_low(U8x16 bytes) {
  return reinterpret_cast<I16x8>(interleave_low(bytes, U8x16{}));
}
inline I16x8 widen_high(U8x16 bytes) {
  return reinterpret_cast<I16x8>(interleave_high(bytes, U8x16{}));
}

/// Lane i: a[2i] * b[2i] + a[2i + 1] * b[2i + 1].
inline I32x4 dot_pairs(I16x8 a, I16x8 b) {
#if defined(__wasm_simd128__)
  return __builtin_wasm_dot_s_i32x4_i16x8(a, b);
#elif defined(__SSE2__)
  return reinterpret_cast<I32x4>(__builtin_ia32_pmaddwd128(a, b));
#else
  const auto a32 = reinterpret_cast<I32x4>(a);
  const auto b32 = reinterpret_cast<I32x4>(b);
  return ((a32 << 16) >> 16) * ((b32 << 16) >> 16) + (a32 >> 16) * (b32 >> 16);
#endif
}

/// Sixteen integers of -32768 .. 32767 as bytes, those outside 0 .. 255 clipped.
inline U8x16 clip_to_bytes(const I32x4 values[4]) {
#if defined(__wasm_simd128__)
  return reinterpret_cast<U8x16>(
      __builtin_wasm_narrow_u_i8x16_i16x8(__builtin_wasm_narrow_s_i16x8_i32x4(values[0], values[1]),
                                          __builtin_wasm_narrow_s_i16x8_i32x4(values[2], values[3])));
#elif defined(__SSE2__)
  return reinterpret_cast<U8x16>(__builtin_ia32_packuswb128(
      __builtin_ia32_packssdw128(values[0], values[1]), __builtin_ia32_packssdw128(values[2], values[3])));
#else
  U8x16 bytes;
  for (int i = 0; i < 16; ++i) {
    const std::int32_t value = values[i / 4][i % 4];
    bytes[i] = static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
  }
  return bytes;
#endif
}

inline constexpr int kTile = 16;

/// Rows become columns: dst[j * dst_stride + i] = src[i * src_stride + j] for i, j in 0 .. 15, so that sums
/// along a row and runs down a column turn into vector arithmetic. Strides in bytes; src and dst must not
/// overlap.
inline void transpose_tile(const std::uint8_t* src, std::ptrdiff_t src_stride, std::uint8_t* dst,
                           std::ptrdiff_t dst_stride) {
  U8x16 a[kTile];
  U8x16 b[kTile];
  for (int i = 0; i < kTile; ++i) a[i] = load(src + i * src_stride);
  // Interleaving row i with row i + 8 rotates the eight bits of (row, column) by one; four times swaps the
  // halves.
  const auto interleave = [](const U8x16* from, U8x16* to) {
    for (int i = 0; i < kTile / 2; ++i) {
      to[2 * i] = interleave_low(from[i], from[i + 8]);
      to[2 * i + 1] = interleave_high(from[i], from[i + 8]);
    }
  };
  interleave(a, b);
  interleave(b, a);
  interleave(a, b);
  interleave(b, a);
  for (int i = 0; i < kTile; ++i) store(dst + i * dst_stride, a[i]);
}

/// A picture of bytes on its side: dst[x * dst_stride + y] = src[y * src_stride + x] for x < width, y <
/// height.
inline void transpose(const std::uint8_t* src, std::ptrdiff_t src_stride, int width, int height,
                      std::uint8_t* dst, std::ptrdiff_t dst_stride) {
  const int whole_width = width / kTile * kTile;
  const int whole_height = height / kTile * kTile;
  for (int y = 0; y < whole_height; y += kTile) {
    for (int x = 0; x < whole_width; x += kTile) {
      transpose_tile(src + y * src_stride + x, src_stride, dst + x * dst_stride + y, dst_stride);
    }
  }
  for (int y = 0; y < height; ++y) {
    for (int x = y < whole_height ? whole_width : 0; x < width; ++x)
      dst[x * dst_stride + y] = src[y * src_stride + x];
  }
}

}  // namespace masklet::simd
