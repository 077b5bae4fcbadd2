#include "core/graph/position.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace masklet {
namespace {

constexpr double kTemperature = 10000.0;

double period(int i, int count) { return std::pow(kTemperature, 2.0 * (i / 2) / count); }

/// The four bicubic weights of a sample at fraction t between the second and the third tap.
std::array<double, 4> cubic_weights(double t) {
  constexpr double a = -0.75;
  const auto near = [](double x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
  const auto far = [](double x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

struct Taps {
  std::array<int, 4> index;
  std::array<double, 4> weight;
};

std::vector<Taps> bicubic_taps(int in, int out) {
  std::vector<Taps> taps(out);
  for (int i = 0; i < out; ++i) {
    const double at = (i + 0.5) * in / out - 0.5;
    const double floor = std::floor(at);
    taps[i].weight = cubic_weights(at - floor);
    for (int k = 0; k < 4; ++k) taps[i].index[k] = std::clamp(static_cast<int>(floor) - 1 + k, 0, in - 1);
  }
  return taps;
}

}  // namespace

Tensor sine_position(int side, int channels) {
  Tensor out(DType::f32, {side * side, channels});
  const int half = channels / 2;
  const auto encode = [&](int position, int i) {
    const double angle = (position + 1) / (side + 1e-6) * 2 * std::numbers::pi / period(i, half);
    return static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
  };
  auto values = out.f32();
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      float* token = values.data() + (y * side + x) * channels;
      for (int i = 0; i < half; ++i) {
        token[i] = encode(y, i);
        token[half + i] = encode(x, i);
      }
    }
  }
  return out;
}

RopeTables rope_tables(int side, int channels, double theta) {
  RopeTables tables{Tensor(DType::f32, {side * side, channels}), Tensor(DType::f32, {side * side, channels})};
  const int pairs_per_axis = channels / 4;
  for (int n = 0; n < side * side; ++n) {
    for (int pair = 0; pair < channels / 2; ++pair) {
      const int position = pair < pairs_per_axis ? n % side : n / side;
      const double angle = position * std::pow(theta, -4.0 * (pair % pairs_per_axis) / channels);
      for (int k = 0; k < 2; ++k) {
        tables.cosine.f32()[n * channels + 2 * pair + k] = static_cast<float>(std::cos(angle));
        tables.sine.f32()[n * channels + 2 * pair + k] = static_cast<float>(std::sin(angle));
      }
    }
  }
  return tables;
}

Tensor turn_pairs(const Tensor& weight) {
  Tensor turned(DType::f32, weight.shape);
  const std::size_t row = weight.shape.size() > 1 ? weight.shape[1] : 1;
  const auto from = weight.f32();
  const auto to = turned.f32();
  for (std::int64_t pair = 0; pair < weight.shape[0] / 2; ++pair) {
    for (std::size_t i = 0; i < row; ++i) {
      to[2 * pair * row + i] = -from[(2 * pair + 1) * row + i];
      to[(2 * pair + 1) * row + i] = from[2 * pair * row + i];
    }
  }
  return turned;
}

Tensor bicubic_tokens(const Tensor& map_chw, int out_h, int out_w) {
  const int channels = static_cast<int>(map_chw.shape[0]);
  const int h = static_cast<int>(map_chw.shape[1]);
  const int w = static_cast<int>(map_chw.shape[2]);
  const std::vector<Taps> rows = bicubic_taps(h, out_h);
  const std::vector<Taps> columns = bicubic_taps(w, out_w);
  Tensor out(DType::f32, {out_h * out_w, channels});
  const auto from = map_chw.f32();
  const auto to = out.f32();
  std::vector<double> stretched(static_cast<std::size_t>(h) * out_w);  // one channel, width done
  for (int c = 0; c < channels; ++c) {
    for (int y = 0; y < h; ++y) {
      for (int x = 0; x < out_w; ++x) {
        double sum = 0;
        for (int k = 0; k < 4; ++k) sum += columns[x].weight[k] * from[(c * h + y) * w + columns[x].index[k]];
        stretched[y * out_w + x] = sum;
      }
    }
    for (int y = 0; y < out_h; ++y) {
      for (int x = 0; x < out_w; ++x) {
        double sum = 0;
        for (int k = 0; k < 4; ++k) sum += rows[y].weight[k] * stretched[rows[y].index[k] * out_w + x];
        to[(y * out_w + x) * channels + c] = static_cast<float>(sum);
      }
    }
  }
  return out;
}

Tensor random_fourier_grid(const Tensor& gaussian, int side) {
  const int half = static_cast<int>(gaussian.shape[1]);
  Tensor out(DType::f32, {side * side, 2 * half});
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const double px = 2 * (x + 0.5) / side - 1;
      const double py = 2 * (y + 0.5) / side - 1;
      float* token = out.f32().data() + (y * side + x) * 2 * half;
      for (int i = 0; i < half; ++i) {
        const double turns = px * gaussian.f32()[i] + py * gaussian.f32()[half + i];
        token[i] = static_cast<float>(std::sin(2 * std::numbers::pi * turns));
        token[half + i] = static_cast<float>(std::cos(2 * std::numbers::pi * turns));
      }
    }
  }
  return out;
}

Tensor sine_periods(int count) {
  Tensor out(DType::f32, {1, count});
  for (int i = 0; i < count; ++i) out.f32()[i] = static_cast<float>(period(i, count));
  return out;
}

}  // namespace masklet
