#pragma once

#include <cstdint>

// Integer arithmetic for pictures that must come out the same on every target. Positions are in 1/256 pixel,
// angles in 1/65536 turn, sines and cosines in 1/32768.

namespace masklet::synth {

inline constexpr int kSubpixels = 256;
inline constexpr int kTurn = 65536;
inline constexpr int kUnit = 32768;

/// A well mixed number for each pair of integers and seed (the finaliser of MurmurHash3).
constexpr std::uint32_t mix(std::uint32_t seed, std::uint32_t a, std::uint32_t b = 0) {
  std::uint32_t h = seed ^ (a * 0x9e3779b1u) ^ (b * 0x85ebca77u + 0x27d4eb2fu);
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

/// From `low` to `high`, both included.
constexpr int draw(std::uint32_t seed, std::uint32_t which, int low, int high) {
  return low + static_cast<int>(mix(seed, which) % static_cast<std::uint32_t>(high - low + 1));
}

/// sin(2 pi turn / 65536) * 32768, off by at most 0.2 percent of the amplitude: a parabola through the zeros
/// and the extremes, corrected by its own square.
constexpr std::int64_t sine(std::int64_t turn) {
  const std::int64_t x = static_cast<std::int16_t>(static_cast<std::uint16_t>(turn));
  const std::int64_t y = x * (kUnit - (x < 0 ? -x : x)) * 4 / kUnit;
  const std::int64_t squared = y * (y < 0 ? -y : y) / kUnit;
  return y + (squared - y) * 7373 / kUnit;  // 0.225
}

constexpr std::int64_t cosine(std::int64_t turn) {
  return sine(turn + kTurn / 4);
}

}  // namespace masklet::synth
