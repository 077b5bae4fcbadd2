#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/synth/outline.h"
#include "core/synth/texture.h"

namespace masklet {

struct SynthOptions {
  int width = 320;  ///< kMinSynthSide .. kMaxSynthSide pixels
  int height = 240;
  int objects = 1;  ///< 1 .. kMaxSynthObjects
  std::uint32_t seed = 1;
};
inline constexpr int kMinSynthSide = 32;
inline constexpr int kMaxSynthSide = 4096;
inline constexpr int kMaxSynthObjects = 8;

/// A procedural clip whose masks are known exactly: textured, turning, wobbling shapes over a drifting
/// textured background. Object 1 passes behind a pillar and is hidden for a moment, object 2 leaves the
/// picture and comes back, object 3 wanders and passes in front of others; further ones repeat these parts.
/// The clip has no end: a frame is a function of the options and its number, made of integers alone, so it is
/// the same on every target.
class SynthClip {
 public:
  /// Errors: invalid_argument, naming the option and its range.
  static Result<SynthClip> create(const SynthOptions& options);

  /// Draws a frame, 0 or later. `rgb_hwc` holds [height, width, 3]; `ids_hw`, [height, width], gets the
  /// object that covers at least half of a pixel, from 1 on, and 0 for none. Edges are antialiased in the
  /// picture. Nothing is kept between frames.
  void render(int frame, std::span<std::uint8_t> rgb_hwc, std::span<std::uint8_t> ids_hw) const;

  const SynthOptions& options() const { return options_; }

 private:
  /// A sine wave in each direction: position = centre + amplitude * sine(phase + speed * frame).
  struct Path {
    synth::Position centre, amplitude;  // subpixels
    int phase_x = 0, phase_y = 0;       // turns
    int speed_x = 0, speed_y = 0;       // turns a frame

    synth::Position at(int frame) const;
  };
  struct Shape {
    int id = 0;  // 0: no object, but hides what is behind it
    Path path;
    std::int64_t radius = 0;  // subpixels
    int harmonic = 2;         // corners of the outline ...
    int swing = 0;            // ... and how far they stand out, in 1/32768 of the radius
    int turn = 0, spin = 0;   // turns, turns a frame
    synth::Texture texture;

    synth::Outline outline(int frame) const;
  };

  explicit SynthClip(const SynthOptions& options);
  Shape make_object(int id) const;
  Shape make_pillar() const;
  synth::Outline outline_of(const Shape& shape, int frame) const;
  void paint(const Shape& shape, int frame, std::span<std::uint8_t> rgb_hwc,
             std::span<std::uint8_t> ids_hw) const;

  SynthOptions options_;
  synth::Texture background_;
  std::vector<Shape> shapes_;  // from back to front
};

}  // namespace masklet
