#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/mask/image.h"

namespace masklet {

/// One axis of an 8-bit resize: for every output pixel the run of input pixels that it sums, and their
/// weights.
struct FixedPointFilter {
  /// Weights of two neighbouring inputs, each split so that both parts fit 16-bit multiplication:
  /// weight = high * 2^kLowBits + low, in units of 2^-kWeightBits.
  struct Pair {
    std::array<std::int16_t, 2> high;
    std::array<std::int16_t, 2> low;
  };
  struct Run {
    int first_input;
    int count;       ///< inputs, at least 1
    int first_pair;  ///< (count + 1) / 2 pairs; a last odd one has weight 0
  };
  static constexpr int kWeightBits = 22;  // 8 bits of result and 2 of head room leave 22 of 32
  static constexpr int kLowBits = 12;

  std::vector<Run> runs;  ///< one per output pixel, first_input never decreasing
  std::vector<Pair> pairs;
  int longest = 0;  ///< largest count
};

/// The cubic convolution filter with a = -0.5, widened when it shrinks, weights rounded to 22 bits: Pillow's
/// Resample.c, precompute_coeffs and normalize_coeffs_8bpc. Sizes 1 .. kMaxImageSide.
FixedPointFilter bicubic_filter(int in_size, int out_size);

/// Resizes RGB8 pictures of one size to another exactly as Pillow's Image.resize(size, BICUBIC) does: a
/// horizontal then a vertical pass, bytes in between, a pass left out where its size does not change.
/// Bit-exact with Pillow on every target. Aspect is ignored.
///
/// Weights and scratch memory (16 input rows; 16 output rows and those that one output row sums) are made
/// once, so keep one for all frames of a clip. One call at a time per object.
class BicubicResizer {
 public:
  /// Sizes 1 .. kMaxImageSide.
  BicubicResizer(int in_width, int in_height, int out_width, int out_height);

  /// Whether `image` has the size that this resizer was made for.
  bool takes(const ImageView& image) const { return image.width == in_width_ && image.height == in_height_; }

  /// `image` must pass check_image and takes(); `out_hwc` holds [out_height, out_width, 3] bytes.
  void resize(const ImageView& image, std::span<std::uint8_t> out_hwc);

 private:
  void filter_band(const ImageView& image, int first_row);
  const std::uint8_t* filtered_row(int y) const;

  int in_width_, in_height_, out_width_, out_height_;
  FixedPointFilter horizontal_, vertical_;  // empty where the size does not change
  std::vector<std::uint8_t> columns_;       // one band of input rows, transposed
  std::vector<std::uint8_t> ring_;          // the last rows that passed the horizontal filter
  int ring_rows_ = 0;
  int ring_stride_ = 0;
};

/// Resizes once; BicubicResizer says how. Refuses, with invalid_argument, what check_image refuses, sizes
/// outside 1 .. kMaxImageSide and an `out_hwc` that is not [out_height, out_width, 3].
Status resize_bicubic_rgb8(const ImageView& image, int out_width, int out_height,
                           std::span<std::uint8_t> out_hwc);

}  // namespace masklet
