#include "core/mask/stability.h"

#include <cstdint>

namespace masklet {

float stability_score(std::span<const float> logits, float delta) {
  std::int64_t inner = 0;
  std::int64_t outer = 0;
  for (const float logit : logits) {
    inner += logit > delta;
    outer += logit > -delta;
  }
  return outer > 0 ? static_cast<float>(inner) / static_cast<float>(outer) : 1.0f;
}

}  // namespace masklet
