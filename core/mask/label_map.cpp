#include "core/mask/label_map.h"

#include <cassert>

namespace masklet {

void label_map(std::span<const LabelledPlane> planes, std::span<std::uint8_t> labels) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    float highest = 0;
    std::uint8_t label = 0;
    for (const LabelledPlane& plane : planes) {
      assert(plane.logits.size() == labels.size());
      if (plane.logits[i] > highest) {
        highest = plane.logits[i];
        label = plane.label;
      }
    }
    labels[i] = label;
  }
}

}  // namespace masklet
