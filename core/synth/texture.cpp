#include "core/synth/texture.h"

#include <algorithm>

#include "core/synth/fixed_point.h"

namespace masklet::synth {
namespace {

int blend(int a, int b, int weight_256) {
  return a + (b - a) * weight_256 / 256;
}

/// Noise of one scale, 0 .. 255: random values on a grid, smoothly joined.
int value_noise(std::int64_t x, std::int64_t y, int shift, std::uint32_t seed) {
  const auto column = static_cast<std::uint32_t>(x >> shift), row = static_cast<std::uint32_t>(y >> shift);
  const auto ease = [shift](std::int64_t position) {
    const int f = static_cast<int>(position >> (shift - 8)) & 255;
    return f * f * (768 - 2 * f) >> 16;
  };
  const auto corner = [&](std::uint32_t dx, std::uint32_t dy) {
    return static_cast<int>(mix(seed, column + dx, row + dy) & 255);
  };
  const int across = ease(x);
  return blend(blend(corner(0, 0), corner(1, 0), across), blend(corner(0, 1), corner(1, 1), across), ease(y));
}

int three_octaves(std::int64_t x, std::int64_t y, int shift, std::uint32_t seed) {
  return (4 * value_noise(x, y, shift, seed) + 2 * value_noise(x, y, shift - 1, seed + 1) +
          value_noise(x, y, shift - 2, seed + 2)) /
         7;
}

std::uint8_t channel(int value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

}  // namespace

Rgb colour(int hue, int saturation, int brightness) {
  const auto at = [&](int offset) {
    const int wave = static_cast<int>(sine(hue + offset) * saturation / kUnit);  // -saturation .. saturation
    return channel(brightness * (255 * 2 - saturation + wave) / (255 * 2));
  };
  return {at(0), at(kTurn / 3), at(2 * kTurn / 3)};
}

Rgb Texture::at(std::int64_t x, std::int64_t y) const {
  const int noise = three_octaves(x, y, feature_shift, seed);
  int weight = noise;
  if (kind != Kind::patches) {
    // Noise bends the lines by up to one feature.
    const std::int64_t bend = (static_cast<std::int64_t>(noise) << feature_shift) / 256;
    const std::int64_t across = sine(((x + bend) << 15) >> feature_shift);
    const std::int64_t along = kind == Kind::checks ? sine(((y - bend) << 15) >> feature_shift) : kUnit;
    const int line = static_cast<int>(128 + 4 * (across * along / kUnit) / 256);
    weight = (3 * std::clamp(line, 0, 255) + noise) / 4;
  }
  weight = std::clamp(128 + (weight - 128) * 3 / 2, 0, 255);
  const int grain = static_cast<int>(value_noise(x, y, 9, seed + 3)) / 8 - 16;
  return {channel(blend(dark.r, bright.r, weight) + grain), channel(blend(dark.g, bright.g, weight) + grain),
          channel(blend(dark.b, bright.b, weight) + grain)};
}

}  // namespace masklet::synth
