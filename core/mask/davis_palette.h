#pragma once

#include <array>
#include <cstdint>

namespace masklet {

/// The colour of an object id, as in DAVIS's mask files (PASCAL VOC's colour map): the id's bits dealt in
/// turn to red, green and blue, highest bit of the colour first. 0 is black, 1 dark red, 2 dark green, ...
constexpr std::array<std::uint8_t, 3> davis_colour(std::uint8_t id) {
  std::array<std::uint8_t, 3> rgb{};
  for (int bit = 0; bit < 8; ++bit)
    rgb[bit % 3] |= static_cast<std::uint8_t>((id >> bit & 1) << (7 - bit / 3));
  return rgb;
}

}  // namespace masklet
