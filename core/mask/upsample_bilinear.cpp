#include "core/mask/upsample_bilinear.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <utility>

namespace masklet {

UpsampledRows::UpsampledRows(std::span<const float> plane, int width, int height, int out_width,
                             int out_height)
    : plane_(plane), width_(width), columns_(taps_of(width, out_width)), rows_(taps_of(height, out_height)) {
  assert(width >= 1 && height >= 1 && out_width >= 1 && out_height >= 1);
  assert(plane.size() == static_cast<std::size_t>(width) * height);
}

PixelBox UpsampledRows::positive_box() const {
  const int height = static_cast<int>(plane_.size()) / width_;
  int left = width_, right = -1, top = height, bottom = -1;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width_; ++x) {
      if (!(plane_[static_cast<std::size_t>(y) * width_ + x] > 0)) continue;
      left = std::min(left, x);
      right = std::max(right, x);
      top = std::min(top, y);
      bottom = y;
    }
  }
  if (bottom < 0) return {};
  // Outputs that take from any of the inputs first .. last: a run, since taps go up.
  const auto touching = [](const std::vector<Tap>& taps, int first, int last) {
    const auto begin = std::find_if(taps.begin(), taps.end(), [&](const Tap& t) { return t.second >= first; });
    const auto end = std::find_if(begin, taps.end(), [&](const Tap& t) { return t.first > last; });
    return std::pair(static_cast<int>(begin - taps.begin()), static_cast<int>(end - begin));
  };
  const auto [x, box_width] = touching(columns_, left, right);
  const auto [y, box_height] = touching(rows_, top, bottom);
  return box_width && box_height ? PixelBox{x, y, box_width, box_height} : PixelBox{};
}

void UpsampledRows::read(int y, int x, std::span<float> row) {
  if (x != first_column_ || row.size() != upper_.values.size()) {
    first_column_ = x;
    for (Row* each : {&upper_, &lower_}) {
      each->y = -1;
      each->values.resize(row.size());
    }
  }
  const Tap& tap = rows_[y];
  if (tap.first == lower_.y) std::swap(upper_, lower_);
  if (tap.first != upper_.y) fill(upper_, tap.first);
  if (tap.second != lower_.y) fill(lower_, tap.second);
  const float* upper = upper_.values.data();
  const float* lower = lower_.values.data();
  for (std::size_t i = 0; i < row.size(); ++i)
    row[i] = upper[i] * tap.first_weight + lower[i] * tap.second_weight;
}

/// compute_source_index_and_lambda of PyTorch's UpSample.h, which takes the scale in f32 but the position in
/// f64: in f32 the weights of a large output would be off by 1e-5.
std::vector<UpsampledRows::Tap> UpsampledRows::taps_of(int in_size, int out_size) {
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

void UpsampledRows::fill(Row& row, int y) const {
  const float* in = plane_.data() + static_cast<std::ptrdiff_t>(y) * width_;
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    const Tap& tap = columns_[first_column_ + i];
    row.values[i] = in[tap.first] * tap.first_weight + in[tap.second] * tap.second_weight;
  }
  row.y = y;
}

void upsample_bilinear(std::span<const float> plane, int width, int height, int out_width, int out_height,
                       std::span<float> out) {
  assert(out.size() == static_cast<std::size_t>(out_width) * out_height);
  UpsampledRows rows(plane, width, height, out_width, out_height);
  for (int y = 0; y < out_height; ++y)
    rows.read(y, 0, out.subspan(static_cast<std::size_t>(y) * out_width, out_width));
}

void threshold_upsampled(std::span<const float> logits, int width, int height, int out_width, int out_height,
                         float threshold, std::span<std::uint8_t> out) {
  assert(out.size() == static_cast<std::size_t>(out_width) * out_height);
  UpsampledRows rows(logits, width, height, out_width, out_height);
  const PixelBox box = threshold == 0 ? rows.positive_box() : PixelBox{0, 0, out_width, out_height};
  std::fill(out.begin(), out.end(), std::uint8_t{0});
  std::vector<float> row(box.width);
  for (int y = box.y; y < box.y + box.height; ++y) {
    rows.read(y, box.x, row);
    std::uint8_t* const to = out.data() + static_cast<std::size_t>(y) * out_width + box.x;
    for (int x = 0; x < box.width; ++x) to[x] = row[x] > threshold;
  }
}

}  // namespace masklet
