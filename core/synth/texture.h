#pragma once

#include <cstdint>

namespace masklet::synth {

struct Rgb {
  std::uint8_t r = 0;
  std::uint8_t g = 0;
  std::uint8_t b = 0;
};

/// A colour of the given hue (1/65536 of the colour circle), saturation and brightness (0 .. 255).
Rgb colour(int hue, int saturation, int brightness);

/// An endless pattern of two colours: patches of noise, warped stripes or warped checks.
struct Texture {
  enum class Kind { patches, stripes, checks };

  Kind kind = Kind::patches;
  Rgb dark;
  Rgb bright;
  int feature_shift = 12;  ///< features are 2^shift subpixels wide, 10 .. 20
  std::uint32_t seed = 0;

  /// The colour at a position in subpixels.
  Rgb at(std::int64_t x, std::int64_t y) const;
};

}  // namespace masklet::synth
