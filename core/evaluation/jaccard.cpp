#include "core/evaluation/jaccard.h"

#include <cassert>

namespace masklet {

Jaccard::Jaccard(std::span<const std::uint8_t> predicted, std::span<const std::uint8_t> truth,
                 std::optional<std::uint8_t> void_label) {
  assert(predicted.size() == truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] == void_label) continue;
    ++predicted_[predicted[i]];
    ++truth_[truth[i]];
    if (predicted[i] == truth[i]) ++both_[truth[i]];
  }
}

double Jaccard::of(std::uint8_t label) const {
  const std::int64_t either = predicted_[label] + truth_[label] - both_[label];
  return either == 0 ? 1.0 : static_cast<double>(both_[label]) / static_cast<double>(either);
}

}  // namespace masklet
