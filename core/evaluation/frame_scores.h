#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace masklet {

/// The ids of an annotation, [height, width] of object ids.
struct Annotation {
  std::span<const std::uint8_t> labels;
  int width = 0;
  int height = 0;
  std::optional<std::uint8_t> void_label;  ///< pixels of which nothing is known; absent: there are none
};

struct FrameScore {
  double j = 0;  ///< region similarity, see Jaccard
  double f = 0;  ///< contour accuracy, see boundary_measure
};

/// J and F of each of `objects` on one frame, in their order. `predicted` is as long as the annotation.
std::vector<FrameScore> score_frame(std::span<const std::uint8_t> predicted, const Annotation& truth,
                                    std::span<const std::uint8_t> objects);

}  // namespace masklet
