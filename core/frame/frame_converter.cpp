#include "core/frame/frame_converter.h"

#include <algorithm>
#include <cstring>

namespace masklet {
namespace {

constexpr int kFraction = 16;  // bits behind the binary point of the weights

/// RGB = (luma - luma_offset) * luma_weight + the chroma terms, in units of 2^-16 of an 8-bit step.
struct Weights {
  int luma_offset, chroma_offset;
  int luma, red_from_v, green_from_u, green_from_v, blue_from_u;
};

constexpr int rounded(double value) { return static_cast<int>(value < 0 ? value - 0.5 : value + 0.5); }

/// From the definition in BT.601 / 709 / 2020: luma = kr R + kg G + kb B, chroma = (B - luma) / (2 - 2 kb) and
/// (R - luma) / (2 - 2 kr), quantised to `bits`.
Weights weights_of(ColourMatrix matrix, bool full_range, int bits) {
  double kr = 0.2126, kb = 0.0722;
  if (matrix == ColourMatrix::bt601) kr = 0.299, kb = 0.114;
  if (matrix == ColourMatrix::bt2020) kr = 0.2627, kb = 0.0593;
  const double kg = 1 - kr - kb;
  const int scale = 1 << (bits - 8);
  const double most = full_range ? (1 << bits) - 1 : 219 * scale;
  const double chroma_most = full_range ? (1 << bits) - 1 : 224 * scale;
  const double luma = 255 / most * (1 << kFraction), chroma = 255 / chroma_most * (1 << kFraction);
  return {full_range ? 0 : 16 * scale,
          128 * scale,
          rounded(luma),
          rounded(chroma * 2 * (1 - kr)),
          rounded(-chroma * 2 * (1 - kb) * kb / kg),
          rounded(-chroma * 2 * (1 - kr) * kr / kg),
          rounded(chroma * 2 * (1 - kb))};
}

inline std::uint8_t to_byte(int fixed) { return static_cast<std::uint8_t>(std::clamp(fixed >> kFraction, 0, 255)); }

void yuv_row_to_rgb(const std::uint16_t* luma, const std::uint16_t* u, const std::uint16_t* v, int width,
                    const Weights& w, std::uint8_t* rgb) {
  constexpr int kHalf = 1 << (kFraction - 1);
  for (int x = 0; x < width; ++x) {
    const int y = (luma[x] - w.luma_offset) * w.luma + kHalf;
    const int cu = u[x] - w.chroma_offset, cv = v[x] - w.chroma_offset;
    rgb[3 * x] = to_byte(y + cv * w.red_from_v);
    rgb[3 * x + 1] = to_byte(y + cu * w.green_from_u + cv * w.green_from_v);
    rgb[3 * x + 2] = to_byte(y + cu * w.blue_from_u);
  }
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

/// Reads every `step`-th sample from `first` on, each for 2^shift columns.
template <class Sample>
void spread_row(const std::uint8_t* row, int first, int step, int shift, int width, std::uint16_t* out) {
  if (shift == 0) {
    for (int x = 0; x < width; ++x) out[x] = static_cast<std::uint16_t>(Sample::at(row, first + x * step));
    return;
  }
  int x = 0;
  for (int i = first; x + 1 < width; x += 2, i += step) {
    const auto sample = static_cast<std::uint16_t>(Sample::at(row, i));
    out[x] = sample;
    out[x + 1] = sample;
  }
  if (x < width) out[x] = static_cast<std::uint16_t>(Sample::at(row, first + (x >> 1) * step));
}

/// Whether the format is YUV, and how its samples lie.
struct YuvLayout {
  int shift_x, shift_y;
  bool interleaved;  // both chromas in the second plane
  int bits;
};

YuvLayout yuv_layout(PixelFormat format) {
  switch (format) {
    case PixelFormat::i422: return {1, 0, false, 8};
    case PixelFormat::i444: return {0, 0, false, 8};
    case PixelFormat::nv12: return {1, 1, true, 8};
    case PixelFormat::i420_10: return {1, 1, false, 10};
    case PixelFormat::i422_10: return {1, 0, false, 10};
    case PixelFormat::i444_10: return {0, 0, false, 10};
    case PixelFormat::p010: return {1, 1, true, 10};
    default: return {1, 1, false, 8};
  }
}

template <class Sample>
void spread_yuv_row(const VideoFrame& frame, const YuvLayout& layout, int y, std::uint16_t* samples) {
  const auto row = [&](int plane, int shift) {
    return frame.planes[plane].data + (y >> shift) * frame.planes[plane].stride_bytes;
  };
  const int width = frame.width, step = layout.interleaved ? 2 : 1;
  spread_row<Sample>(row(0, 0), 0, 1, 0, width, samples);
  spread_row<Sample>(row(1, layout.shift_y), 0, step, layout.shift_x, width, samples + width);
  spread_row<Sample>(row(layout.interleaved ? 1 : 2, layout.shift_y), layout.interleaved ? 1 : 0, step, layout.shift_x,
                     width, samples + 2 * width);
}

/// Rows of the picture as stored, one after the other, in RGB.
class RowReader {
 public:
  RowReader(const VideoFrame& frame, std::vector<std::uint16_t>& samples)
      : frame_(frame),
        layout_(yuv_layout(frame.format)),
        weights_(weights_of(frame.matrix, frame.full_range, layout_.bits)),
        samples_(samples) {
    samples_.resize(std::size_t{3} * frame.width);
  }

  void read(int y, std::uint8_t* rgb) {
    const std::uint8_t* const row = frame_.planes[0].data + y * frame_.planes[0].stride_bytes;
    switch (frame_.format) {
      case PixelFormat::rgb: std::memcpy(rgb, row, std::size_t{3} * frame_.width); return;
      case PixelFormat::rgba: return copy_four(row, 0, 2, rgb);
      case PixelFormat::bgra: return copy_four(row, 2, 0, rgb);
      case PixelFormat::grey: return read_grey(row, rgb);
      case PixelFormat::p010: spread_yuv_row<HighBits>(frame_, layout_, y, samples_.data()); break;
      default:
        if (layout_.bits == 10) {
          spread_yuv_row<LowBits>(frame_, layout_, y, samples_.data());
        } else {
          spread_yuv_row<OneByte>(frame_, layout_, y, samples_.data());
        }
    }
    const std::uint16_t* const luma = samples_.data();
    yuv_row_to_rgb(luma, luma + frame_.width, luma + 2 * frame_.width, frame_.width, weights_, rgb);
  }

 private:
  void copy_four(const std::uint8_t* row, int red, int blue, std::uint8_t* rgb) const {
    for (int x = 0; x < frame_.width; ++x) {
      rgb[3 * x] = row[4 * x + red];
      rgb[3 * x + 1] = row[4 * x + 1];
      rgb[3 * x + 2] = row[4 * x + blue];
    }
  }

  void read_grey(const std::uint8_t* row, std::uint8_t* rgb) {
    std::uint16_t* const luma = samples_.data();
    for (int x = 0; x < frame_.width; ++x) luma[x] = row[x];
    std::fill(luma + frame_.width, luma + 3 * frame_.width, static_cast<std::uint16_t>(weights_.chroma_offset));
    yuv_row_to_rgb(luma, luma + frame_.width, luma + 2 * frame_.width, frame_.width, weights_, rgb);
  }

  const VideoFrame& frame_;
  YuvLayout layout_;
  Weights weights_;
  std::vector<std::uint16_t>& samples_;
};

/// Where the pixels of a stored row go in the upright picture: the first one, and from one to the next.
struct Course {
  std::ptrdiff_t first;
  std::ptrdiff_t step;
};

Course course_of_row(int y, int width, int height, int quarter_turns) {
  switch (quarter_turns) {
    case 1: return {std::ptrdiff_t{height} - 1 - y, height};                            // down a column from the right
    case 2: return {std::ptrdiff_t{height - 1 - y} * width + width - 1, -1};            // upside down
    case 3: return {std::ptrdiff_t{width - 1} * height + y, -std::ptrdiff_t{height}};   // up a column from the left
    default: return {std::ptrdiff_t{y} * width, 1};
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
