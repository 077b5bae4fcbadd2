#include "core/frame/frame_converter.h"

#include <algorithm>
#include <cstring>

#include "core/mask/simd.h"

namespace masklet {
namespace {

constexpr int kFraction = 13;  // bits behind the binary point of the weights, which then fit into 16
constexpr int kHalf = 1 << (kFraction - 1);

/// RGB = luma_weight * luma + the chroma terms, of samples less their offsets, in units of 2^-13 of an 8-bit
/// step.
struct Weights {
  std::int16_t luma_offset, chroma_offset;
  std::int16_t luma, red_from_v, green_from_u, green_from_v, blue_from_u;
};

constexpr std::int16_t rounded(double value) {
  return static_cast<std::int16_t>(value < 0 ? value - 0.5 : value + 0.5);
}

/// From the definition in BT.601 / 709 / 2020: luma = kr R + kg G + kb B, chroma = (B - luma) / (2 - 2 kb)
/// and (R - luma) / (2 - 2 kr), quantised to `bits`.
Weights weights_of(ColourMatrix matrix, bool full_range, int bits) {
  double kr = 0.2126, kb = 0.0722;
  if (matrix == ColourMatrix::bt601) kr = 0.299, kb = 0.114;
  if (matrix == ColourMatrix::bt2020) kr = 0.2627, kb = 0.0593;
  const double kg = 1 - kr - kb;
  const int scale = 1 << (bits - 8);
  const double most = full_range ? (1 << bits) - 1 : 219 * scale;
  const double chroma_most = full_range ? (1 << bits) - 1 : 224 * scale;
  const double luma = 255 / most * (1 << kFraction), chroma = 255 / chroma_most * (1 << kFraction);
  return {static_cast<std::int16_t>(full_range ? 0 : 16 * scale),
          static_cast<std::int16_t>(128 * scale),
          rounded(luma),
          rounded(chroma * 2 * (1 - kr)),
          rounded(-chroma * 2 * (1 - kb) * kb / kg),
          rounded(-chroma * 2 * (1 - kr) * kr / kg),
          rounded(chroma * 2 * (1 - kb))};
}

constexpr int kBlock = 16;  // pixels

/// One channel of a block: luma and one chroma, each with its weight, and a third term that is there already.
simd::U8x16 channel(const simd::I16x8 luma[2], const simd::I16x8 chroma[2], std::int16_t luma_weight,
                    std::int16_t chroma_weight, const simd::I32x4 start[4]) {
  const simd::I16x8 weights{luma_weight, chroma_weight, luma_weight, chroma_weight,
                            luma_weight, chroma_weight, luma_weight, chroma_weight};
  simd::I32x4 sums[4];
  for (int half = 0; half < 2; ++half) {
    sums[2 * half] = simd::dot_pairs(simd::interleave_low(luma[half], chroma[half]), weights);
    sums[2 * half + 1] = simd::dot_pairs(simd::interleave_high(luma[half], chroma[half]), weights);
  }
  for (int i = 0; i < 4; ++i) sums[i] = (sums[i] + start[i]) >> kFraction;
  return simd::clip_to_bytes(sums);
}

/// Three channels of a block, pixel after pixel.
void interleave(const std::uint8_t* red, const std::uint8_t* green, const std::uint8_t* blue, std::uint8_t* rgb) {
#if defined(__wasm_simd128__)
  // A byte's place among the pixels is an instruction's constant here; x86-64's baseline has no such instruction.
  const simd::U8x16 r = simd::load(red), g = simd::load(green), b = simd::load(blue);
  const simd::U8x16 first = __builtin_shufflevector(r, g, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
  const simd::U8x16 second = __builtin_shufflevector(r, g, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
  const simd::U8x16 third = __builtin_shufflevector(r, g, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
  simd::store(rgb, __builtin_shufflevector(first, b, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15));
  simd::store(rgb + 16, __builtin_shufflevector(second, b, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15));
  simd::store(rgb + 32, __builtin_shufflevector(third, b, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31));
#else
  for (int x = 0; x < kBlock; ++x) {
    rgb[3 * x] = red[x];
    rgb[3 * x + 1] = green[x];
    rgb[3 * x + 2] = blue[x];
  }
#endif
}

/// Converts kBlock pixels.
void yuv_block_to_rgb(const std::int16_t* y, const std::int16_t* u, const std::int16_t* v, const Weights& w,
                      std::uint8_t* rgb) {
  const simd::I16x8 luma[] = {simd::load(y), simd::load(y + 8)}, cb[] = {simd::load(u), simd::load(u + 8)},
                    cr[] = {simd::load(v), simd::load(v + 8)};
  const simd::I32x4 half{kHalf, kHalf, kHalf, kHalf};
  const simd::I32x4 round[] = {half, half, half, half};
  const simd::I16x8 v_and_nothing{w.green_from_v, 0, w.green_from_v, 0, w.green_from_v, 0, w.green_from_v, 0};
  simd::I32x4 green_start[4];
  for (int i = 0; i < 2; ++i) {
    green_start[2 * i] = half + simd::dot_pairs(simd::interleave_low(cr[i], cr[i]), v_and_nothing);
    green_start[2 * i + 1] = half + simd::dot_pairs(simd::interleave_high(cr[i], cr[i]), v_and_nothing);
  }
  std::uint8_t red[kBlock], green[kBlock], blue[kBlock];
  simd::store(red, channel(luma, cr, w.luma, w.red_from_v, round));
  simd::store(green, channel(luma, cb, w.luma, w.green_from_u, green_start));
  simd::store(blue, channel(luma, cb, w.luma, w.blue_from_u, round));
  interleave(red, green, blue, rgb);
}

/// `samples` holds luma, then both chromas, each `stride` apart and readable up to a whole number of blocks.
void yuv_row_to_rgb(const std::int16_t* samples, int stride, int width, const Weights& w, std::uint8_t* rgb) {
  const auto convert = [&](int x, std::uint8_t* out) {
    yuv_block_to_rgb(samples + x, samples + stride + x, samples + 2 * stride + x, w, out);
  };
  int x = 0;
  for (; x + kBlock <= width; x += kBlock) convert(x, rgb + 3 * x);
  if (x == width) return;
  std::uint8_t last[3 * kBlock];
  convert(x, last);
  std::copy_n(last, 3 * (width - x), rgb + 3 * x);
}

struct OneByte {
  static int at(const std::uint8_t* row, int i) { return row[i]; }
};
struct LowBits {
  static int at(const std::uint8_t* row, int i) { return (row[2 * i] | row[2 * i + 1] << 8) & 1023; }
};
struct HighBits {
  static int at(const std::uint8_t* row, int i) { return (row[2 * i] | row[2 * i + 1] << 8) >> 6; }
};

/// Reads every `step`-th sample from `first` on, each for 2^shift columns, less `offset`.
template <class Sample>
void spread_row(const std::uint8_t* row, int first, int step, int shift, int width, int offset,
                std::int16_t* out) {
  if (shift == 0) {
    for (int x = 0; x < width; ++x)
      out[x] = static_cast<std::int16_t>(Sample::at(row, first + x * step) - offset);
    return;
  }
  int x = 0;
  for (int i = first; x + 1 < width; x += 2, i += step) {
    const auto sample = static_cast<std::int16_t>(Sample::at(row, i) - offset);
    out[x] = sample;
    out[x + 1] = sample;
  }
  if (x < width) out[x] = static_cast<std::int16_t>(Sample::at(row, first + (x >> 1) * step) - offset);
}

/// Whether the format is YUV, and how its samples lie.
struct YuvLayout {
  int shift_x, shift_y;
  bool interleaved;  // both chromas in the second plane
  int bits;
};

YuvLayout yuv_layout(PixelFormat format) {
  switch (format) {
    case PixelFormat::i422:
      return {1, 0, false, 8};
    case PixelFormat::i444:
      return {0, 0, false, 8};
    case PixelFormat::nv12:
      return {1, 1, true, 8};
    case PixelFormat::i420_10:
      return {1, 1, false, 10};
    case PixelFormat::i422_10:
      return {1, 0, false, 10};
    case PixelFormat::i444_10:
      return {0, 0, false, 10};
    case PixelFormat::p010:
      return {1, 1, true, 10};
    default:
      return {1, 1, false, 8};
  }
}

template <class Sample>
void spread_yuv_row(const VideoFrame& frame, const YuvLayout& layout, const Weights& w, int y, int stride,
                    std::int16_t* samples) {
  const auto row = [&](int plane, int shift) {
    return frame.planes[plane].data + (y >> shift) * frame.planes[plane].stride_bytes;
  };
  const int width = frame.width, step = layout.interleaved ? 2 : 1;
  spread_row<Sample>(row(0, 0), 0, 1, 0, width, w.luma_offset, samples);
  spread_row<Sample>(row(1, layout.shift_y), 0, step, layout.shift_x, width, w.chroma_offset,
                     samples + stride);
  spread_row<Sample>(row(layout.interleaved ? 1 : 2, layout.shift_y), layout.interleaved ? 1 : 0, step,
                     layout.shift_x, width, w.chroma_offset, samples + 2 * stride);
}

/// Rows of the picture as stored, one after the other, in RGB.
class RowReader {
 public:
  RowReader(const VideoFrame& frame, std::vector<std::int16_t>& samples)
      : frame_(frame),
        layout_(yuv_layout(frame.format)),
        weights_(weights_of(frame.matrix, frame.full_range, layout_.bits)),
        stride_((frame.width + kBlock - 1) / kBlock * kBlock),
        samples_(samples) {
    samples_.resize(std::size_t{3} * stride_);
  }

  void read(int y, std::uint8_t* rgb) {
    const std::uint8_t* const row = frame_.planes[0].data + y * frame_.planes[0].stride_bytes;
    switch (frame_.format) {
      case PixelFormat::rgb:
        std::memcpy(rgb, row, std::size_t{3} * frame_.width);
        return;
      case PixelFormat::rgba:
        return copy_four(row, 0, 2, rgb);
      case PixelFormat::bgra:
        return copy_four(row, 2, 0, rgb);
      case PixelFormat::grey:
        return read_grey(row, rgb);
      case PixelFormat::p010:
        spread<HighBits>(y);
        break;
      default:
        if (layout_.bits == 10) {
          spread<LowBits>(y);
        } else {
          spread<OneByte>(y);
        }
    }
    yuv_row_to_rgb(samples_.data(), stride_, frame_.width, weights_, rgb);
  }

 private:
  void copy_four(const std::uint8_t* row, int red, int blue, std::uint8_t* rgb) const {
    for (int x = 0; x < frame_.width; ++x) {
      rgb[3 * x] = row[4 * x + red];
      rgb[3 * x + 1] = row[4 * x + 1];
      rgb[3 * x + 2] = row[4 * x + blue];
    }
  }

  template <class Sample>
  void spread(int y) {
    spread_yuv_row<Sample>(frame_, layout_, weights_, y, stride_, samples_.data());
  }

  void read_grey(const std::uint8_t* row, std::uint8_t* rgb) {
    spread_row<OneByte>(row, 0, 1, 0, frame_.width, weights_.luma_offset, samples_.data());
    std::fill(samples_.begin() + stride_, samples_.end(), std::int16_t{0});
    yuv_row_to_rgb(samples_.data(), stride_, frame_.width, weights_, rgb);
  }

  const VideoFrame& frame_;
  YuvLayout layout_;
  Weights weights_;
  int stride_;  // of the sample rows, whole blocks
  std::vector<std::int16_t>& samples_;
};

/// Where the pixels of a stored row go in the upright picture: the first one, and from one to the next.
struct Course {
  std::ptrdiff_t first;
  std::ptrdiff_t step;
};

Course course_of_row(int y, int width, int height, int quarter_turns) {
  switch (quarter_turns) {
    case 1:
      return {std::ptrdiff_t{height} - 1 - y, height};  // down a column from the right
    case 2:
      return {std::ptrdiff_t{height - 1 - y} * width + width - 1, -1};  // upside down
    case 3:
      return {std::ptrdiff_t{width - 1} * height + y, -std::ptrdiff_t{height}};  // up a column from the left
    default:
      return {std::ptrdiff_t{y} * width, 1};
  }
}

}  // namespace

Result<ImageView> FrameConverter::convert(const VideoFrame& frame) {
  MASKLET_TRY(check_video_frame(frame));
  const int width = frame.width, height = frame.height;
  if (frame.format == PixelFormat::rgb && frame.quarter_turns == 0)
    return ImageView{frame.planes[0].data, width, height, frame.planes[0].stride_bytes};

  const std::size_t pixels = static_cast<std::size_t>(width) * height;
  const bool upright = frame.quarter_turns == 0;
  // A turned picture needs a row before it is spread over a column; it stands behind the picture.
  rgb_.resize(3 * (pixels + (upright ? 0 : width)));
  RowReader rows(frame, row_);
  for (int y = 0; y < height; ++y) {
    if (upright) {
      rows.read(y, rgb_.data() + std::size_t{3} * y * width);
      continue;
    }
    const std::uint8_t* const row = rgb_.data() + 3 * pixels;
    rows.read(y, rgb_.data() + 3 * pixels);
    const Course course = course_of_row(y, width, height, frame.quarter_turns);
    std::uint8_t* out = rgb_.data() + 3 * course.first;
    for (int x = 0; x < width; ++x, out += 3 * course.step) std::copy_n(row + 3 * x, 3, out);
  }
  const bool lies = frame.quarter_turns % 2 == 1;
  return packed_image(rgb_.data(), lies ? height : width, lies ? width : height);
}

}  // namespace masklet
