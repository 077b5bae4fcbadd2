#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace masklet {

struct InnermostPixel {
  int x = 0;
  int y = 0;
  std::int64_t squared_distance_px = 0;  ///< to the centre of the nearest pixel outside the mask
};

/// The pixel of the mask that is farthest from everything outside it, in exact Euclidean distance; the first
/// in row order where several are. What lies beyond the picture is outside. Absent for an empty mask.
/// `mask` is [height, width], nonzero pixels belong to it.
std::optional<InnermostPixel> innermost_pixel(std::span<const std::uint8_t> mask, int width, int height);

}  // namespace masklet
