#include "core/mask/resize_antialias.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <string>
#include <vector>

namespace masklet {
namespace {

/// One axis: for every output the run of inputs that it sums.
struct TriangleFilter {
  struct Run {
    int first_input;
    int count;
    int first_weight;
  };
  std::vector<Run> runs;
  std::vector<float> weights;
  int longest = 0;
};

/// HelperInterpBase::_compute_weights_aa with PyTorch's mixture of float and double, which decides borders
/// and bits.
TriangleFilter triangle_filter(int in_size, int out_size) {
  TriangleFilter filter;
  filter.runs.reserve(out_size);
  const float scale = static_cast<float>(in_size) / static_cast<float>(out_size);
  const float support = std::max(scale, 1.0f);
  const float inverse = scale >= 1.0f ? static_cast<float>(1.0 / scale) : 1.0f;
  for (int i = 0; i < out_size; ++i) {
    const auto center = static_cast<float>(scale * (i + 0.5));
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int last = std::min(static_cast<int>(center + support + 0.5), in_size);
    const int first_weight = static_cast<int>(filter.weights.size());
    float total = 0;
    for (int j = first; j < last; ++j) {
      const float offset = static_cast<float>(j) - center;
      const float distance = std::abs(static_cast<float>((offset + 0.5) * inverse));
      filter.weights.push_back(distance < 1.0f ? 1.0f - distance : 0.0f);
      total += filter.weights.back();
    }
    if (total != 0) {
      for (std::size_t k = first_weight; k < filter.weights.size(); ++k) filter.weights[k] /= total;
    }
    filter.runs.push_back({first, last - first, first_weight});
    filter.longest = std::max(filter.longest, last - first);
  }
  return filter;
}

/// a * b + c rounded once, as PyTorch's compilers fuse it: a mask that lies evenly on both sides of a pixel
/// makes exact ties with 0.5, which another rounding would decide differently. In f64 the product is exact,
/// and it costs less than a fused operation where the processor has none.
inline float fused(double a, double b, float c) {
  return static_cast<float>(a * b + c);
}

template <int Channels>
void filter_row(const TriangleFilter& filter, const float* in, float* out) {
  for (const TriangleFilter::Run& run : filter.runs) {
    const float* pixels = in + static_cast<std::ptrdiff_t>(run.first_input) * Channels;
    const float* weights = filter.weights.data() + run.first_weight;
    float sums[Channels];
    for (int c = 0; c < Channels; ++c) sums[c] = pixels[c] * weights[0];
    for (int t = 1; t < run.count; ++t) {
      for (int c = 0; c < Channels; ++c) sums[c] = fused(pixels[t * Channels + c], weights[t], sums[c]);
    }
    for (int c = 0; c < Channels; ++c) *out++ = sums[c];
  }
}

/// `read_row(y, row)` writes an input row of `width` pixels; `write_row(y, row)` takes an output row. Both
/// are called once a row, in order; only as many filtered rows are held as one output row sums.
template <int Channels, class ReadRow, class WriteRow>
void resize_rows(int width, int height, int out_width, int out_height, ReadRow read_row, WriteRow write_row) {
  assert(width >= 1 && height >= 1 && out_width >= 1 && out_height >= 1);
  const TriangleFilter horizontal = triangle_filter(width, out_width);
  const TriangleFilter vertical = triangle_filter(height, out_height);
  const std::size_t row_size = static_cast<std::size_t>(out_width) * Channels;
  std::vector<float> in(static_cast<std::size_t>(width) * Channels);
  std::vector<float> ring(row_size * vertical.longest);
  std::vector<float> out(row_size);
  int filtered = 0;
  for (int y = 0; y < out_height; ++y) {
    const TriangleFilter::Run& run = vertical.runs[y];
    for (; filtered < run.first_input + run.count; ++filtered) {
      read_row(filtered, in.data());
      filter_row<Channels>(horizontal, in.data(), ring.data() + filtered % vertical.longest * row_size);
    }
    for (int t = 0; t < run.count; ++t) {
      const float* row = ring.data() + (run.first_input + t) % vertical.longest * row_size;
      const float weight = vertical.weights[run.first_weight + t];
      if (t == 0) {
        for (std::size_t i = 0; i < row_size; ++i) out[i] = row[i] * weight;
      } else {
        for (std::size_t i = 0; i < row_size; ++i) out[i] = fused(row[i], weight, out[i]);
      }
    }
    write_row(y, out.data());
  }
}

}  // namespace

Status resize_antialias_rgb_f32(const ImageView& image, int out_width, int out_height,
                                std::span<float> out_hwc) {
  MASKLET_TRY(check_image(image));
  MASKLET_TRY(check_image_size("the size to resize to", out_width, out_height));
  const std::size_t row_size = std::size_t{3} * out_width;
  if (out_hwc.size() != row_size * out_height) {
    return Error{ErrorCode::invalid_argument,
                 "the resized image takes " + std::to_string(row_size * out_height) +
                     " floats, the buffer for it has " + std::to_string(out_hwc.size())};
  }
  std::array<float, 256> unit;
  for (int i = 0; i < 256; ++i) unit[i] = static_cast<float>(i) / 255.0f;
  resize_rows<3>(
      image.width, image.height, out_width, out_height,
      [&](int y, float* row) {
        const std::uint8_t* bytes = image.row(y);
        for (int i = 0; i < 3 * image.width; ++i) row[i] = unit[bytes[i]];
      },
      [&](int y, const float* row) { std::copy_n(row, row_size, out_hwc.data() + y * row_size); });
  return {};
}

void resize_antialias_f32(std::span<const float> plane, int width, int height, int out_width, int out_height,
                          std::span<float> out) {
  assert(plane.size() == static_cast<std::size_t>(width) * height);
  assert(out.size() == static_cast<std::size_t>(out_width) * out_height);
  resize_rows<1>(
      width, height, out_width, out_height,
      [&](int y, float* row) {
        std::copy_n(plane.data() + static_cast<std::ptrdiff_t>(y) * width, width, row);
      },
      [&](int y, const float* row) {
        std::copy_n(row, out_width, out.data() + static_cast<std::ptrdiff_t>(y) * out_width);
      });
}

void resize_mask_antialias(std::span<const std::uint8_t> mask, int width, int height, int out_width,
                           int out_height, std::span<std::uint8_t> out) {
  assert(mask.size() == static_cast<std::size_t>(width) * height);
  assert(out.size() == static_cast<std::size_t>(out_width) * out_height);
  resize_rows<1>(
      width, height, out_width, out_height,
      [&](int y, float* row) {
        const std::uint8_t* bits = mask.data() + static_cast<std::ptrdiff_t>(y) * width;
        for (int x = 0; x < width; ++x) row[x] = bits[x] ? 1.0f : 0.0f;
      },
      [&](int y, const float* row) {
        std::uint8_t* bits = out.data() + static_cast<std::ptrdiff_t>(y) * out_width;
        for (int x = 0; x < out_width; ++x) bits[x] = row[x] >= 0.5f;
      });
}

}  // namespace masklet
