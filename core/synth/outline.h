#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace masklet::synth {

/// In subpixels; pixel (x, y) covers [256 x, 256 x + 256] x [256 y, 256 y + 256].
struct Position {
  std::int64_t x = 0;
  std::int64_t y = 0;
};

/// A closed polygon.
using Outline = std::vector<Position>;

/// How many of a pixel's kSamples sample points the outline encloses, from 1 on.
using CoverPixel = std::function<void(int x, int y, int samples)>;
inline constexpr int kSamples = 16;

/// Visits every pixel of a picture of width x height that the outline touches, by rows, by the even-odd rule.
void cover(const Outline& outline, int width, int height, const CoverPixel& pixel);

}  // namespace masklet::synth
