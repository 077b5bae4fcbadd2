#include "core/mask/upsample_bilinear.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

namespace masklet {
namespace {

/// The two inputs that an output lies between, and their weights.
struct Tap {
  int first;
  int second;
  float first_weight;
  float second_weight;
};

/// compute_source_index_and_lambda of PyTorch's UpSample.h, which takes the scale in f32 but the position in
/// f64: in f32 the weights of a large output would be off by 1e-5.
std::vector<Tap> taps_of(int in_size, int out_size) {
  std::vector<Tap> taps;
  taps.reserve(out_size);
  const float scale = static_cast<float>(in_size) / static_cast<float>(out_size);
  for (int i = 0; i < out_size; ++i) {
    if (in_size == out_size) {
      taps.push_back({i, i, 1.0f, 0.0f});
      continue;
    }
    const double source = std::max(scale * (i + 0.5) - 0.5, 0.0);
    const int first = std::min(static_cast<int>(source), in_size - 1);
    const auto second_weight = static_cast<float>(std::clamp(source - first, 0.0, 1.0));
    taps.push_back({first, std::min(first + 1, in_size - 1), 1.0f - second_weight, second_weight});
  }
  return taps;
}

/// Interpolates row after row; `write_row(y, upper, lower, tap)` blends the two rows that an output row lies
/// between, already interpolated horizontally.
template <class WriteRow>
void upsample_rows(std::span<const float> plane, int width, int height, int out_width, int out_height,
                   WriteRow write_row) {
  assert(width >= 1 && height >= 1 && out_width >= 1 && out_height >= 1);
  assert(plane.size() == static_cast<std::size_t>(width) * height);
  const std::vector<Tap> columns = taps_of(width, out_width);
  const std::vector<Tap> rows = taps_of(height, out_height);
  std::vector<float> upper(out_width);
  std::vector<float> lower(out_width);
  int upper_y = -1;
  int lower_y = -1;
  const auto fill = [&](std::vector<float>& out, int y) {
    const float* in = plane.data() + static_cast<std::ptrdiff_t>(y) * width;
    for (int x = 0; x < out_width; ++x) {
      const Tap& tap = columns[x];
      out[x] = in[tap.first] * tap.first_weight + in[tap.second] * tap.second_weight;
    }
  };
  for (int y = 0; y < out_height; ++y) {
    const Tap& tap = rows[y];
    if (tap.first == lower_y) {
      std::swap(upper, lower);
      std::swap(upper_y, lower_y);
    }
    if (tap.first != upper_y) fill(upper, upper_y = tap.first);
    if (tap.second != lower_y) fill(lower, lower_y = tap.second);
    write_row(y, upper.data(), lower.data(), tap);
  }
}

}  // namespace

void upsample_bilinear(std::span<const float> plane, int width, int height, int out_width, int out_height,
                       std::span<float> out) {
  assert(out.size() == static_cast<std::size_t>(out_width) * out_height);
  upsample_rows(plane, width, height, out_width, out_height,
                [&](int y, const float* upper, const float* lower, const Tap& tap) {
                  float* row = out.data() + static_cast<std::ptrdiff_t>(y) * out_width;
                  for (int x = 0; x < out_width; ++x) {
                    row[x] = upper[x] * tap.first_weight + lower[x] * tap.second_weight;
                  }
                });
}

void threshold_upsampled(std::span<const float> logits, int width, int height, int out_width, int out_height,
                         float threshold, std::span<std::uint8_t> out) {
  assert(out.size() == static_cast<std::size_t>(out_width) * out_height);
  upsample_rows(logits, width, height, out_width, out_height,
                [&](int y, const float* upper, const float* lower, const Tap& tap) {
                  std::uint8_t* row = out.data() + static_cast<std::ptrdiff_t>(y) * out_width;
                  for (int x = 0; x < out_width; ++x) {
                    row[x] = upper[x] * tap.first_weight + lower[x] * tap.second_weight > threshold;
                  }
                });
}

}  // namespace masklet
