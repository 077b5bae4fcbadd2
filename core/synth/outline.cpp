#include "core/synth/outline.h"

#include <algorithm>

#include "core/synth/fixed_point.h"

namespace masklet::synth {
namespace {

constexpr int kSide = 4;  // sample points along a pixel's side
constexpr int kStep = kSubpixels / kSide;
static_assert(kSide * kSide == kSamples);

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return quotient - ((a % b != 0) && ((a < 0) != (b < 0)));
}

/// Where the outline crosses the horizontal line at y, from left to right.
void crossings(const Outline& outline, std::int64_t y, std::vector<std::int64_t>& out) {
  out.clear();
  for (std::size_t i = 0; i < outline.size(); ++i) {
    const Position a = outline[i], b = outline[(i + 1) % outline.size()];
    if ((a.y <= y) != (b.y <= y)) out.push_back(a.x + floor_divide((b.x - a.x) * (y - a.y), b.y - a.y));
  }
  std::sort(out.begin(), out.end());
}

/// The first sample column at or right of x, inside the picture.
int first_sample(std::int64_t x, int width) {
  const std::int64_t sample = floor_divide(x - kStep / 2 + kStep - 1, kStep);
  return static_cast<int>(std::clamp<std::int64_t>(sample, 0, std::int64_t{width} * kSide));
}

}  // namespace

void cover(const Outline& outline, int width, int height, const CoverPixel& pixel) {
  if (outline.empty()) return;
  const auto [top, bottom] =
      std::minmax_element(outline.begin(), outline.end(), [](Position a, Position b) { return a.y < b.y; });
  const auto row_of = [&](std::int64_t y) {
    return static_cast<int>(std::clamp<std::int64_t>(floor_divide(y, kSubpixels), -1, height));
  };
  std::vector<std::uint8_t> samples(static_cast<std::size_t>(width));
  std::vector<std::int64_t> xs;
  for (int y = std::max(row_of(top->y), 0); y <= std::min(row_of(bottom->y), height - 1); ++y) {
    std::fill(samples.begin(), samples.end(), 0);
    for (int line = 0; line < kSide; ++line) {
      crossings(outline, std::int64_t{y} * kSubpixels + kStep / 2 + line * kStep, xs);
      for (std::size_t i = 0; i + 1 < xs.size(); i += 2) {
        const int end = first_sample(xs[i + 1], width);
        for (int s = first_sample(xs[i], width); s < end; ++s) ++samples[s / kSide];
      }
    }
    for (int x = 0; x < width; ++x) {
      if (samples[x]) pixel(x, y, samples[x]);
    }
  }
}

}  // namespace masklet::synth
