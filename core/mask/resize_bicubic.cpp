#include "core/mask/resize_bicubic.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <string>

#include "core/base/bits.h"
#include "core/mask/simd.h"

namespace masklet {
namespace {

using Pair = FixedPointFilter::Pair;
using Run = FixedPointFilter::Run;
constexpr int kWeightBits = FixedPointFilter::kWeightBits;
constexpr int kLowBits = FixedPointFilter::kLowBits;
constexpr int kHalf = 1 << (kWeightBits - 1);

constexpr int kBand = simd::kTile;  // input rows that go through the horizontal filter together
constexpr int kPixel = 3 * kBand;   // bytes of one pixel of a transposed band: [3, kBand]

double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

/// Sixteen weighted sums side by side. A 22-bit weight times a byte needs 32-bit products, which are slow or
/// missing on the smaller targets; split weights do with 16-bit ones, two inputs at a time, and lose nothing.
class Sums {
 public:
  void add(const std::uint8_t* a, const std::uint8_t* b, const Pair& pair) {
    const simd::I16x8 high = broadcast(pair.high);
    const simd::I16x8 low = broadcast(pair.low);
    const simd::U8x16 first = simd::interleave_low(simd::load(a), simd::load(b));
    const simd::U8x16 second = simd::interleave_high(simd::load(a), simd::load(b));
    const simd::I16x8 inputs[4] = {simd::widen_low(first), simd::widen_high(first), simd::widen_low(second),
                                   simd::widen_high(second)};
    for (int i = 0; i < 4; ++i) {
      high_[i] += reinterpret_cast<simd::U32x4>(simd::dot_pairs(inputs[i], high));
      low_[i] += reinterpret_cast<simd::U32x4>(simd::dot_pairs(inputs[i], low));
    }
  }

  void store(std::uint8_t* out) const {
    simd::I32x4 values[4];
    for (int i = 0; i < 4; ++i)
      values[i] = reinterpret_cast<simd::I32x4>((high_[i] << kLowBits) + low_[i] + kHalf) >> kWeightBits;
    simd::store(out, simd::clip_to_bytes(values));
  }

 private:
  static simd::I16x8 broadcast(const std::array<std::int16_t, 2>& two) {
    const std::int32_t bits = bit_cast<std::int32_t>(two);
    return reinterpret_cast<simd::I16x8>(simd::I32x4{bits, bits, bits, bits});
  }

  // Unsigned, because either part may wrap around on long runs; their total does not.
  simd::U32x4 high_[4] = {};
  simd::U32x4 low_[4] = {};
};

/// One output row from the rows that it sums. `rows` has an even number of pointers, run.count rounded up.
void sum_rows(const std::uint8_t* const* rows, const Run& run, const Pair* pairs, int bytes,
              std::uint8_t* out) {
  int i = 0;
  for (; i + simd::kTile <= bytes; i += simd::kTile) {
    Sums sums;
    for (int t = 0; t < run.count; t += 2) sums.add(rows[t] + i, rows[t + 1] + i, pairs[t / 2]);
    sums.store(out + i);
  }
  for (; i < bytes; ++i) {
    std::int32_t sum = kHalf;
    for (int t = 0; t < run.count; ++t) {
      const Pair& pair = pairs[t / 2];
      sum += rows[t][i] * (pair.high[t % 2] * (1 << kLowBits) + pair.low[t % 2]);
    }
    out[i] = static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
  }
}

/// One output pixel of a transposed band, from the transposed pixels that it sums.
void sum_columns(const std::uint8_t* columns, const Run& run, const Pair* pairs, std::uint8_t* out) {
  for (int channel = 0; channel < 3; ++channel) {
    const std::uint8_t* in = columns + channel * kBand;
    Sums sums;
    for (int t = 0; t < run.count; t += 2) sums.add(in + t * kPixel, in + (t + 1) * kPixel, pairs[t / 2]);
    sums.store(out + channel * kBand);
  }
}

int round_up(int value, int multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Writes a band's rows as [columns, kBand]. Rows below the picture repeat its last one; nothing uses them.
void transpose_band(const ImageView& image, int first_row, std::uint8_t* columns) {
  const int row_bytes = 3 * image.width;
  const bool has_all_rows = first_row + kBand <= image.height;
  for (int j = 0; j < row_bytes; j += simd::kTile) {
    std::uint8_t* out = columns + std::ptrdiff_t{j} * kBand;
    if (has_all_rows && j + simd::kTile <= row_bytes) {
      simd::transpose_tile(image.row(first_row) + j, image.stride_bytes, out, kBand);
      continue;
    }
    std::uint8_t tile[simd::kTile * kBand] = {};
    for (int r = 0; r < kBand; ++r) {
      const int y = std::min(first_row + r, image.height - 1);
      std::memcpy(tile + r * simd::kTile, image.row(y) + j, std::min(simd::kTile, row_bytes - j));
    }
    simd::transpose_tile(tile, simd::kTile, out, kBand);
  }
}

/// Adds one output's weights, rounded half away from zero, in pairs.
void append_run(FixedPointFilter& filter, int first_input, std::span<const double> weights) {
  const int count = static_cast<int>(weights.size());
  filter.runs.push_back({first_input, count, static_cast<int>(filter.pairs.size())});
  filter.longest = std::max(filter.longest, count);
  for (int t = 0; t < count; t += 2) {
    Pair pair{};
    for (int side = 0; side < std::min(2, count - t); ++side) {
      const double scaled = weights[t + side] * (1 << kWeightBits);
      const auto weight = static_cast<std::int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
      pair.high[side] = static_cast<std::int16_t>(weight >> kLowBits);
      pair.low[side] = static_cast<std::int16_t>(weight & ((1 << kLowBits) - 1));
    }
    filter.pairs.push_back(pair);
  }
}

}  // namespace

FixedPointFilter bicubic_filter(int in_size, int out_size) {
  assert(in_size >= 1 && out_size >= 1);
  FixedPointFilter filter;
  filter.runs.reserve(out_size);
  const double scale = static_cast<double>(in_size) / out_size;
  const double widening = std::max(scale, 1.0);
  const double support = 2.0 * widening;
  const double inverse = 1.0 / widening;
  std::vector<double> weights;
  for (int i = 0; i < out_size; ++i) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int last = std::min(static_cast<int>(center + support + 0.5), in_size);
    weights.clear();
    double total = 0;
    for (int j = first; j < last; ++j) {
      weights.push_back(cubic((j - center + 0.5) * inverse));
      total += weights.back();
    }
    for (double& weight : weights) weight /= total;
    append_run(filter, first, weights);
  }
  return filter;
}

BicubicResizer::BicubicResizer(int in_width, int in_height, int out_width, int out_height)
    : in_width_(in_width), in_height_(in_height), out_width_(out_width), out_height_(out_height) {
  if (out_height != in_height) vertical_ = bicubic_filter(in_height, out_height);
  if (out_width == in_width) return;
  horizontal_ = bicubic_filter(in_width, out_width);
  // One pixel more than the row has, for the absent half of the last pair.
  columns_.resize(static_cast<std::size_t>(round_up(3 * (in_width + 1), simd::kTile)) * kBand);
  // Wide enough for whole tiles; long enough that a new band never overwrites a row still to be summed.
  ring_stride_ = 3 * round_up(out_width, simd::kTile);
  ring_rows_ = round_up(std::max(vertical_.longest, 1) + kBand - 1, kBand);
  ring_.resize(static_cast<std::size_t>(ring_stride_) * ring_rows_);
}

const std::uint8_t* BicubicResizer::filtered_row(int y) const {
  return ring_.data() + static_cast<std::size_t>(y % ring_rows_) * ring_stride_;
}

/// Sends input rows first_row .. first_row + kBand - 1 through the horizontal filter into the ring.
void BicubicResizer::filter_band(const ImageView& image, int first_row) {
  transpose_band(image, first_row, columns_.data());
  std::uint8_t* out = ring_.data() + static_cast<std::size_t>(first_row % ring_rows_) * ring_stride_;
  std::uint8_t pixels[simd::kTile * kPixel] = {};
  for (int x = 0; x < out_width_; x += simd::kTile) {
    for (int i = 0; i < std::min(simd::kTile, out_width_ - x); ++i) {
      const Run& run = horizontal_.runs[x + i];
      sum_columns(columns_.data() + std::ptrdiff_t{run.first_input} * kPixel, run,
                  &horizontal_.pairs[run.first_pair], pixels + i * kPixel);
    }
    for (int part = 0; part < 3; ++part) {
      simd::transpose_tile(pixels + part * simd::kTile * kBand, kBand, out + 3 * x + part * simd::kTile,
                           ring_stride_);
    }
  }
}

void BicubicResizer::resize(const ImageView& image, std::span<std::uint8_t> out_hwc) {
  assert(takes(image));
  const int out_bytes = 3 * out_width_;
  assert(out_hwc.size() == static_cast<std::size_t>(out_bytes) * out_height_);
  const bool has_horizontal = !horizontal_.runs.empty();
  const bool has_vertical = !vertical_.runs.empty();

  int filtered = 0;
  const auto input_row = [&](int y) {
    for (; has_horizontal && filtered <= y; filtered += kBand) filter_band(image, filtered);
    return has_horizontal ? filtered_row(y) : image.row(y);
  };
  std::vector<const std::uint8_t*> rows(vertical_.longest + 1);
  for (int y = 0; y < out_height_; ++y) {
    std::uint8_t* out = out_hwc.data() + static_cast<std::size_t>(y) * out_bytes;
    if (!has_vertical) {
      std::memcpy(out, input_row(y), out_bytes);
      continue;
    }
    const Run& run = vertical_.runs[y];
    for (int t = 0; t < run.count; ++t) rows[t] = input_row(run.first_input + t);
    rows[run.count] = rows[run.count - 1];  // the absent half of an odd last pair
    sum_rows(rows.data(), run, &vertical_.pairs[run.first_pair], out_bytes, out);
  }
}

Status resize_bicubic_rgb8(const ImageView& image, int out_width, int out_height,
                           std::span<std::uint8_t> out_hwc) {
  MASKLET_TRY(check_image(image));
  MASKLET_TRY(check_image_size("the size to resize to", out_width, out_height));
  const std::size_t expected = std::size_t{3} * out_width * out_height;
  if (out_hwc.size() != expected) {
    return Error{ErrorCode::invalid_argument, "the resized image takes " + std::to_string(expected) +
                                                  " bytes, the buffer for it has " +
                                                  std::to_string(out_hwc.size())};
  }
  BicubicResizer(image.width, image.height, out_width, out_height).resize(image, out_hwc);
  return {};
}

}  // namespace masklet
