#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/result.h"

namespace masklet {

/// Somebody else's RGB8 pixels: rows of interleaved R, G, B bytes, top row first, `stride_bytes` apart. A
/// negative stride is a picture stored bottom up, `data` then points at its top row. Nothing is owned:
/// whoever hands a view over keeps the pixels alive and unchanged for as long as the callee says.
struct ImageView {
  const std::uint8_t* data = nullptr;
  int width = 0;
  int height = 0;
  std::ptrdiff_t stride_bytes = 0;

  const std::uint8_t* row(int y) const { return data + y * stride_bytes; }
};

/// The view of a picture whose rows follow each other without gaps; `data` holds height * width * 3 bytes.
inline ImageView packed_image(const std::uint8_t* data, int width, int height) {
  return {data, width, height, std::ptrdiff_t{3} * width};
}

/// Largest width or height that the resizers take; it keeps every index and sum inside their integers.
inline constexpr int kMaxImageSide = 32768;

/// Refuses, with invalid_argument: no pixels, a side outside 1 .. kMaxImageSide, rows that overlap.
Status check_image(const ImageView& image);

/// Refuses, with invalid_argument, a width or height outside 1 .. kMaxImageSide. `what` names it in the
/// message.
Status check_image_size(const char* what, int width, int height);

}  // namespace masklet
