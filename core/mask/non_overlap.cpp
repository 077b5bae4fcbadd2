#include "core/mask/non_overlap.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>

namespace masklet {
namespace {

constexpr float kSuppressed = -10.0f;
constexpr std::size_t kBlock = 1024;  // the maxima of a block stay in the first-level cache

}  // namespace

void apply_non_overlap(std::span<const std::span<float>> planes) {
  if (planes.size() < 2) return;
  const auto objects = static_cast<std::int32_t>(planes.size());
  const std::size_t size = planes[0].size();
  std::array<float, kBlock> highest;
  std::array<std::int32_t, kBlock> owner;  // as wide as a score, so that both share vector lanes
  for (std::size_t begin = 0; begin < size; begin += kBlock) {
    const std::size_t count = std::min(kBlock, size - begin);
    std::copy_n(planes[0].data() + begin, count, highest.data());
    std::fill_n(owner.data(), count, 0);
    for (std::int32_t object = 1; object < objects; ++object) {
      assert(planes[object].size() == size);
      const float* scores = planes[object].data() + begin;
      for (std::size_t i = 0; i < count; ++i) {
        const bool higher = scores[i] > highest[i];
        highest[i] = higher ? scores[i] : highest[i];
        owner[i] = higher ? object : owner[i];
      }
    }
    for (std::int32_t object = 0; object < objects; ++object) {
      float* scores = planes[object].data() + begin;
      for (std::size_t i = 0; i < count; ++i) {
        scores[i] = owner[i] == object ? scores[i] : std::min(scores[i], kSuppressed);
      }
    }
  }
}

}  // namespace masklet
