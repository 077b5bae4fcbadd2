#include "core/synth/synth_clip.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <string>

#include "core/synth/fixed_point.h"

namespace masklet {
namespace {

using synth::cosine;
using synth::draw;
using synth::kSamples;
using synth::kSubpixels;
using synth::kTurn;
using synth::kUnit;
using synth::mix;
using synth::Outline;
using synth::Position;
using synth::sine;
using synth::Texture;

constexpr int kCorners = 48;  // of an outline

Error out_of_range(const char* option, int value, int low, int high) {
  return {ErrorCode::invalid_argument, std::string("the clip's ") + option + " is " + std::to_string(value) +
                                           "; it must be from " + std::to_string(low) + " to " +
                                           std::to_string(high)};
}

/// What an object does, by its number.
enum class Part { crosses, leaves, wanders };
Part part_of(int id) {
  return static_cast<Part>((id - 1) % 3);
}

/// Percent of a side, in subpixels.
std::int64_t percent(int side, int percentage) {
  return std::int64_t{side} * kSubpixels * percentage / 100;
}

/// Side of the square in which shapes are laid out.
std::int64_t short_side(const SynthOptions& options) {
  return std::int64_t{std::min(options.width, options.height)} * kSubpixels;
}

/// Features of about 1/14 of the picture, times 2^extra.
int feature_shift(const SynthOptions& options, int extra) {
  const int shift =
      static_cast<int>(std::bit_width(static_cast<std::uint64_t>(short_side(options) / 14))) - 1;
  return std::clamp(shift + extra, 10, 20);
}

Texture make_texture(const SynthOptions& options, std::uint32_t seed, int hue, int saturation, int shift) {
  Texture texture;
  texture.seed = seed;
  texture.kind = static_cast<Texture::Kind>(draw(seed, 1, 0, 2));
  texture.dark = synth::colour(hue + draw(seed, 2, -4000, 4000), saturation, draw(seed, 3, 50, 90));
  texture.bright = synth::colour(hue + draw(seed, 4, -9000, 9000), saturation, draw(seed, 5, 190, 250));
  texture.feature_shift = feature_shift(options, shift);
  return texture;
}

}  // namespace

Result<SynthClip> SynthClip::create(const SynthOptions& options) {
  if (options.width < kMinSynthSide || options.width > kMaxSynthSide)
    return out_of_range("width", options.width, kMinSynthSide, kMaxSynthSide);
  if (options.height < kMinSynthSide || options.height > kMaxSynthSide)
    return out_of_range("height", options.height, kMinSynthSide, kMaxSynthSide);
  if (options.objects < 1 || options.objects > kMaxSynthObjects)
    return out_of_range("number of objects", options.objects, 1, kMaxSynthObjects);
  return SynthClip(options);
}

SynthClip::SynthClip(const SynthOptions& options) : options_(options) {
  const std::uint32_t seed = mix(options.seed, 0);
  background_ = make_texture(options, seed, draw(seed, 0, 0, kTurn - 1), 90, 1);
  background_.kind = Texture::Kind::patches;  // lines all over the picture would be an unlikely place
  for (int id = 1; id <= options.objects; ++id) {
    if (part_of(id) == Part::crosses) shapes_.push_back(make_object(id));
  }
  shapes_.push_back(make_pillar());
  for (int id = 1; id <= options.objects; ++id) {
    if (part_of(id) != Part::crosses) shapes_.push_back(make_object(id));
  }
}

SynthClip::Shape SynthClip::make_object(int id) const {
  const std::uint32_t seed = mix(options_.seed, static_cast<std::uint32_t>(id));
  const std::uint32_t background = mix(options_.seed, 0);
  const int width = options_.width, height = options_.height;
  Shape shape;
  shape.id = id;
  shape.radius = short_side(options_) * draw(seed, 20, 100, 125) / 1000;
  shape.harmonic = draw(seed, 21, 2, 5);
  shape.swing = kUnit / 100 * draw(seed, 22, 10, 20);
  shape.turn = draw(seed, 23, 0, kTurn - 1);
  shape.spin = draw(seed, 24, -500, 500);
  // Hues of objects keep away from the background's and, by the golden ratio, from each other's.
  const int hue = draw(background, 0, 0, kTurn - 1) + kTurn / 4 + (id * 40503 & (kTurn / 2 - 1));
  shape.texture = make_texture(options_, seed, hue, 220, 0);

  Path& path = shape.path;
  path.speed_x = kTurn / draw(seed, 30, 68, 80);
  path.speed_y = kTurn / draw(seed, 31, 50, 90);
  path.phase_y = draw(seed, 32, 0, kTurn - 1);
  path.phase_x = -kTurn / 4;  // begins at the left end of its way, at rest
  const int later = (id - 1) / 3;
  switch (part_of(id)) {
    case Part::crosses:
      path.centre = {percent(width, 50), percent(height, later % 2 ? 74 : 52)};
      path.amplitude = {percent(width, 32), percent(height, 10)};
      if (later % 2) path.phase_x = kTurn / 4;
      break;
    case Part::leaves: {
      const std::int64_t nearest = percent(width, 66), furthest = percent(width, 100) + 2 * shape.radius;
      path.centre = {(nearest + furthest) / 2, percent(height, later ? 50 : 24)};
      path.amplitude = {(furthest - nearest) / 2, percent(height, 5)};
      break;
    }
    case Part::wanders:
      path.centre = {percent(width, 50), percent(height, 70)};
      path.amplitude = {percent(width, 34), percent(height, 16)};
      path.phase_x =
          draw(seed, 33, 0, kTurn / 8);  // begins on the right, where it hides neither of the others
      path.speed_x = kTurn / draw(seed, 34, 90, 130);
      break;
  }
  return shape;
}

SynthClip::Shape SynthClip::make_pillar() const {
  const std::uint32_t seed = mix(options_.seed, 1000);
  Shape shape;
  shape.path.centre = {percent(options_.width, 50), percent(options_.height, 50)};
  // Its half width: a shape as wide as objects come is hidden whole, for a moment.
  shape.radius = short_side(options_) * 155 / 1000;
  shape.texture = make_texture(options_, seed, draw(seed, 0, 0, kTurn - 1), 60, 0);
  return shape;
}

Position SynthClip::Path::at(int frame) const {
  const auto swing = [frame](std::int64_t amplitude, int phase, int speed) {
    return amplitude * sine(phase + std::int64_t{speed} * frame) / kUnit;
  };
  return {centre.x + swing(amplitude.x, phase_x, speed_x), centre.y + swing(amplitude.y, phase_y, speed_y)};
}

Outline SynthClip::Shape::outline(int frame) const {
  const Position middle = path.at(frame);
  Outline outline;
  for (int corner = 0; corner < kCorners; ++corner) {
    const std::int64_t own = std::int64_t{kTurn} * corner / kCorners;  // angle within the shape
    // Corners stand out by the swing, and a slow second wave makes the outline breathe.
    const std::int64_t out =
        kUnit + sine(own * harmonic) * swing / kUnit + sine(2 * own + std::int64_t{900} * frame) / 20;
    const std::int64_t reach = radius * out / kUnit;
    const std::int64_t angle = own + turn + std::int64_t{spin} * frame;
    outline.push_back({middle.x + reach * cosine(angle) / kUnit, middle.y + reach * sine(angle) / kUnit});
  }
  return outline;
}

Outline SynthClip::outline_of(const Shape& shape, int frame) const {
  if (shape.id != 0) return shape.outline(frame);
  const std::int64_t left = shape.path.centre.x - shape.radius, right = shape.path.centre.x + shape.radius;
  const std::int64_t lean = shape.radius / 8, height = std::int64_t{options_.height} * kSubpixels;
  return {{left + lean, 0}, {right + lean, 0}, {right - lean, height}, {left - lean, height}};
}

void SynthClip::paint(const Shape& shape, int frame, std::span<std::uint8_t> rgb_hwc,
                      std::span<std::uint8_t> ids_hw) const {
  const Position middle = shape.path.at(frame);
  const std::int64_t angle = shape.turn + std::int64_t{shape.spin} * frame;
  const std::int64_t c = cosine(angle), s = sine(angle);
  synth::cover(outline_of(shape, frame), options_.width, options_.height, [&](int x, int y, int samples) {
    const std::int64_t dx = std::int64_t{x} * kSubpixels - middle.x,
                       dy = std::int64_t{y} * kSubpixels - middle.y;
    const synth::Rgb colour = shape.texture.at((dx * c + dy * s) / kUnit, (dy * c - dx * s) / kUnit);
    const std::size_t at = static_cast<std::size_t>(y) * options_.width + x;
    const auto lay_over = [samples](std::uint8_t& under, int over) {
      under = static_cast<std::uint8_t>((under * (kSamples - samples) + over * samples + kSamples / 2) /
                                        kSamples);
    };
    lay_over(rgb_hwc[3 * at], colour.r);
    lay_over(rgb_hwc[3 * at + 1], colour.g);
    lay_over(rgb_hwc[3 * at + 2], colour.b);
    if (2 * samples >= kSamples) ids_hw[at] = static_cast<std::uint8_t>(shape.id);
  });
}

void SynthClip::render(int frame, std::span<std::uint8_t> rgb_hwc, std::span<std::uint8_t> ids_hw) const {
  assert(frame >= 0 && ids_hw.size() == static_cast<std::size_t>(options_.width) * options_.height);
  assert(rgb_hwc.size() == 3 * ids_hw.size());
  std::fill(ids_hw.begin(), ids_hw.end(), 0);
  // The background drifts by about a pixel a frame on a picture of 240 rows.
  const std::int64_t drift_x = short_side(options_) * frame / 300,
                     drift_y = short_side(options_) * frame / 800;
  std::size_t at = 0;
  for (int y = 0; y < options_.height; ++y) {
    for (int x = 0; x < options_.width; ++x, at += 3) {
      const synth::Rgb over =
          background_.at(std::int64_t{x} * kSubpixels + drift_x, std::int64_t{y} * kSubpixels + drift_y);
      rgb_hwc[at] = over.r;
      rgb_hwc[at + 1] = over.g;
      rgb_hwc[at + 2] = over.b;
    }
  }
  for (const Shape& shape : shapes_) paint(shape, frame, rgb_hwc, ids_hw);
}

}  // namespace masklet
