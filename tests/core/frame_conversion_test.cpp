#include <catch2/catch.hpp>
#include <cmath>

#include "core/frame/frame_converter.h"

using namespace masklet;

namespace {

/// A picture with memory of its own, rows padded so that strides matter.
struct Picture {
  VideoFrame frame;
  std::vector<std::uint8_t> bytes[3];

  Picture(PixelFormat format, int width, int height) {
    frame.format = format;
    frame.width = width;
    frame.height = height;
    for (int i = 0; i < plane_count(format); ++i) {
      const PlaneSize size = plane_size(format, i, width, height);
      const std::ptrdiff_t stride = size.row_bytes + 5;
      bytes[i].assign(static_cast<std::size_t>(stride * size.rows), 0xEE);
      frame.planes[i] = {bytes[i].data(), stride};
    }
  }
  Picture(const Picture&) = delete;

  void set(int plane, int row, int byte, int value) {
    bytes[plane][static_cast<std::size_t>(row * frame.planes[plane].stride_bytes + byte)] =
        static_cast<std::uint8_t>(value);
  }
  void set_sample(int plane, int row, int column, int value) {
    set(plane, row, 2 * column, value & 255);
    set(plane, row, 2 * column + 1, value >> 8);
  }
};

using Colour = std::array<int, 3>;

Colour pixel(const ImageView& image, int x, int y) {
  const std::uint8_t* at = image.row(y) + 3 * x;
  return {at[0], at[1], at[2]};
}

Colour converted(const VideoFrame& frame, int x = 0, int y = 0) {
  FrameConverter converter;
  const auto image = converter.convert(frame);
  REQUIRE(image.ok());
  return pixel(*image, x, y);
}

/// The definition, in doubles.
Colour by_definition(double luma, double u, double v, ColourMatrix matrix, bool full, int bits) {
  double kr = 0.2126, kb = 0.0722;
  if (matrix == ColourMatrix::bt601) kr = 0.299, kb = 0.114;
  if (matrix == ColourMatrix::bt2020) kr = 0.2627, kb = 0.0593;
  const double scale = std::pow(2.0, bits - 8), most = std::pow(2.0, bits) - 1;
  const double y = full ? luma / most : (luma / scale - 16) / 219;
  const double cb = full ? (u - 128 * scale) / most : (u / scale - 128) / 224;
  const double cr = full ? (v - 128 * scale) / most : (v / scale - 128) / 224;
  const double r = y + 2 * (1 - kr) * cr, b = y + 2 * (1 - kb) * cb,
               g = (y - kr * r - kb * b) / (1 - kr - kb);
  const auto byte = [](double value) {
    return static_cast<int>(std::floor(std::clamp(value, 0.0, 1.0) * 255 + 0.5));
  };
  return {byte(r), byte(g), byte(b)};
}

bool near(const Colour& a, const Colour& b) {
  for (int i = 0; i < 3; ++i) {
    if (std::abs(a[i] - b[i]) > 1) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("the colours of BT.601 and BT.709 come back as the standards define them") {
  Picture picture(PixelFormat::i444, 1, 1);
  const auto colour = [&](int y, int u, int v, ColourMatrix matrix) {
    picture.set(0, 0, 0, y);
    picture.set(1, 0, 0, u);
    picture.set(2, 0, 0, v);
    picture.frame.matrix = matrix;
    return converted(picture.frame);
  };
  CHECK(colour(16, 128, 128, ColourMatrix::bt601) == Colour{0, 0, 0});
  CHECK(colour(235, 128, 128, ColourMatrix::bt709) == Colour{255, 255, 255});
  // The bars of SMPTE RP 219 and EBU: red and blue at full amplitude.
  CHECK(near(colour(81, 90, 240, ColourMatrix::bt601), {255, 0, 0}));
  CHECK(near(colour(63, 102, 240, ColourMatrix::bt709), {255, 0, 0}));
  CHECK(near(colour(41, 240, 110, ColourMatrix::bt601), {0, 0, 255}));
  CHECK(near(colour(32, 240, 118, ColourMatrix::bt709), {0, 0, 255}));
}

TEST_CASE("conversion is within one step of the definition for every matrix, range and depth") {
  for (const PixelFormat format : {PixelFormat::i444, PixelFormat::i444_10}) {
    const int bits = format == PixelFormat::i444 ? 8 : 10, step = bits == 8 ? 15 : 60, most = (1 << bits) - 1;
    Picture picture(format, 1, 1);
    for (const ColourMatrix matrix : {ColourMatrix::bt601, ColourMatrix::bt709, ColourMatrix::bt2020}) {
      for (const bool full : {false, true}) {
        picture.frame.matrix = matrix;
        picture.frame.full_range = full;
        int off = 0;
        for (int y = 0; y <= most; y += step) {
          for (int u = 0; u <= most; u += step) {
            for (int v = 0; v <= most; v += step) {
              const int samples[] = {y, u, v};
              for (int plane = 0; plane < 3; ++plane) {
                if (bits == 8) picture.set(plane, 0, 0, samples[plane]);
                if (bits == 10) picture.set_sample(plane, 0, 0, samples[plane]);
              }
              off += !near(converted(picture.frame), by_definition(y, u, v, matrix, full, bits));
            }
          }
        }
        CHECK(off == 0);
      }
    }
  }
}

TEST_CASE("chroma of an odd-sized 4:2:0 picture covers its two by two pixels, planar and interleaved") {
  Picture planar(PixelFormat::i420, 5, 3), interleaved(PixelFormat::nv12, 5, 3);
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 5; ++x) {
      planar.set(0, y, x, 40 + 10 * x + 60 * y);
      interleaved.set(0, y, x, 40 + 10 * x + 60 * y);
    }
  }
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 3; ++x) {
      const int u = 90 + 20 * x + 5 * y, v = 160 - 20 * x - 5 * y;
      planar.set(1, y, x, u);
      planar.set(2, y, x, v);
      interleaved.set(1, y, 2 * x, u);
      interleaved.set(1, y, 2 * x + 1, v);
    }
  }
  FrameConverter a, b;
  const auto left = a.convert(planar.frame), right = b.convert(interleaved.frame);
  REQUIRE((left.ok() && right.ok()));
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 5; ++x) {
      const Colour expected = by_definition(40 + 10 * x + 60 * y, 90 + 20 * (x / 2) + 5 * (y / 2),
                                            160 - 20 * (x / 2) - 5 * (y / 2), ColourMatrix::bt709, false, 8);
      CHECK(near(pixel(*left, x, y), expected));
      CHECK(pixel(*left, x, y) == pixel(*right, x, y));
    }
  }
}

TEST_CASE("10 bits in the low and in the high bits of a word are the same picture") {
  Picture low(PixelFormat::i420_10, 4, 2), high(PixelFormat::p010, 4, 2);
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 4; ++x) {
      low.set_sample(0, y, x, 100 + 200 * x + 7 * y);
      high.set_sample(0, y, x, (100 + 200 * x + 7 * y) << 6);
    }
  }
  for (int x = 0; x < 2; ++x) {
    low.set_sample(1, 0, x, 300 + 200 * x);
    low.set_sample(2, 0, x, 700 - 200 * x);
    high.set_sample(1, 0, 2 * x, (300 + 200 * x) << 6);
    high.set_sample(1, 0, 2 * x + 1, (700 - 200 * x) << 6);
  }
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 4; ++x) CHECK(converted(low.frame, x, y) == converted(high.frame, x, y));
  }
}

TEST_CASE("a picture is turned upright by quarters, clockwise") {
  Picture picture(PixelFormat::rgba, 3, 2);
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 3; ++x) {
      picture.set(0, y, 4 * x, x);
      picture.set(0, y, 4 * x + 1, y);
      picture.set(0, y, 4 * x + 2, 9);
    }
  }
  // What stands in the top left corner comes from the corner that turns there.
  const Colour top_left[] = {{0, 0, 9}, {0, 1, 9}, {2, 1, 9}, {2, 0, 9}};
  const Colour top_right[] = {{2, 0, 9}, {0, 0, 9}, {0, 1, 9}, {2, 1, 9}};
  for (int turns = 0; turns < 4; ++turns) {
    picture.frame.quarter_turns = turns;
    FrameConverter converter;
    const auto image = converter.convert(picture.frame);
    REQUIRE(image.ok());
    CHECK(image->width == (turns % 2 ? 2 : 3));
    CHECK(image->height == (turns % 2 ? 3 : 2));
    CHECK(pixel(*image, 0, 0) == top_left[turns]);
    CHECK(pixel(*image, image->width - 1, 0) == top_right[turns]);
  }
}

TEST_CASE("RGB, RGBA, BGRA and grey pictures keep their values; upright RGB is not copied") {
  Picture rgb(PixelFormat::rgb, 2, 1), rgba(PixelFormat::rgba, 2, 1), bgra(PixelFormat::bgra, 2, 1),
      grey(PixelFormat::grey, 2, 1);
  grey.frame.full_range = true;
  for (int i = 0; i < 3; ++i) {
    rgb.set(0, 0, 3 + i, 50 + i);
    rgba.set(0, 0, 4 + i, 50 + i);
    bgra.set(0, 0, 4 + i, 52 - i);
  }
  grey.set(0, 0, 1, 77);
  CHECK(converted(rgb.frame, 1) == Colour{50, 51, 52});
  CHECK(converted(rgba.frame, 1) == Colour{50, 51, 52});
  CHECK(converted(bgra.frame, 1) == Colour{50, 51, 52});
  CHECK(converted(grey.frame, 1) == Colour{77, 77, 77});
  FrameConverter converter;
  CHECK(converter.convert(rgb.frame)->data == rgb.bytes[0].data());
}

TEST_CASE("pictures that cannot be read are refused with the value and the limit") {
  FrameConverter converter;
  const auto refused = [&](const VideoFrame& frame) {
    const auto image = converter.convert(frame);
    REQUIRE_FALSE(image.ok());
    CHECK(image.error().code == ErrorCode::invalid_argument);
    return image.error().message;
  };
  Picture picture(PixelFormat::i420, 6, 4);
  VideoFrame frame = picture.frame;
  frame.width = 0;
  CHECK(refused(frame).find("0 x 4") != std::string::npos);
  frame = picture.frame;
  frame.planes[2].data = nullptr;
  CHECK(refused(frame).find("plane 2 of the I420 frame has no data") != std::string::npos);
  frame = picture.frame;
  frame.planes[0].stride_bytes = 5;
  CHECK(refused(frame).find("a row takes 6") != std::string::npos);
  frame = picture.frame;
  frame.quarter_turns = 4;
  CHECK(refused(frame).find("0 to 3") != std::string::npos);
}

TEST_CASE("pixel formats have one name each, read back as the same format") {
  for (int i = 0; i <= static_cast<int>(PixelFormat::bgra); ++i) {
    const auto format = static_cast<PixelFormat>(i);
    CHECK(pixel_format_of(pixel_format_name(format)) == format);
  }
  CHECK_FALSE(pixel_format_of("I420A").has_value());
}
