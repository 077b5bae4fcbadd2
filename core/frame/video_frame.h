#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/result.h"

namespace masklet {

/// How a decoder lays out a picture. Chroma planes of i420 and nv12 hold ceil(width / 2) x ceil(height / 2)
/// samples, those of i422 ceil(width / 2) x height. The 10-bit formats store a sample in the low bits of two
/// bytes, little-endian; p010 is nv12 with a sample in the high bits.
enum class PixelFormat {
  i420,
  i422,
  i444,
  nv12,
  i420_10,
  i422_10,
  i444_10,
  p010,
  grey,
  rgb,   ///< one plane, R, G, B
  rgba,  ///< one plane, R, G, B and a byte that is ignored
  bgra,  ///< one plane, B, G, R and a byte that is ignored
};

/// WebCodecs' names where it has one ("I420", "I420P10", "NV12", "RGBA", ...), else "P010", "GREY", "RGB".
std::string_view pixel_format_name(PixelFormat format);
std::optional<PixelFormat> pixel_format_of(std::string_view name);

/// Which weights of R, G and B make luma (ITU-R BT.601, BT.709, BT.2020 non-constant luminance).
enum class ColourMatrix { bt601, bt709, bt2020 };

/// What players assume where a video does not say: BT.709 from 720 rows on, else BT.601.
ColourMatrix presumed_matrix(int width, int height);

struct Plane {
  const std::uint8_t* data = nullptr;
  std::ptrdiff_t stride_bytes = 0;
};

/// A decoded picture in the decoder's own memory, which nothing here owns.
struct VideoFrame {
  PixelFormat format = PixelFormat::i420;
  int width = 0;  ///< of the visible picture, before it is turned upright
  int height = 0;
  std::array<Plane, 3> planes{};
  ColourMatrix matrix = ColourMatrix::bt709;
  bool full_range = false;  ///< luma and chroma use all values, not 16 .. 235 and 16 .. 240
  int quarter_turns = 0;    ///< clockwise turns of 90 degrees that make it upright, 0 .. 3
};

int plane_count(PixelFormat format);

/// Bytes of a row of a plane, without padding, and its rows.
struct PlaneSize {
  std::ptrdiff_t row_bytes = 0;
  int rows = 0;
};
PlaneSize plane_size(PixelFormat format, int plane, int width, int height);

/// Refuses, with invalid_argument: a side outside 1 .. kMaxImageSide, a plane without data, rows that
/// overlap, quarter turns outside 0 .. 3.
Status check_video_frame(const VideoFrame& frame);

}  // namespace masklet
