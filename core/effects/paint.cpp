#include "core/effects/paint.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "core/mask/upsample_bilinear.h"

namespace masklet {
namespace {

constexpr float kMatteRange = 8;     // beyond it the sigmoid rounds to 0 or 255
constexpr int kMatteSteps = 64;      // table entries a unit of logit
constexpr int kMatteEntries = 2 * static_cast<int>(kMatteRange) * kMatteSteps + 1;

/// The sigmoid over -kMatteRange .. kMatteRange as bytes: an entry differs from its neighbours by at most 1.
std::array<std::uint8_t, kMatteEntries> sigmoid_table() {
  std::array<std::uint8_t, kMatteEntries> table{};
  for (int i = 0; i < kMatteEntries; ++i) {
    const double logit = static_cast<double>(i) / kMatteSteps - static_cast<double>(kMatteRange);
    table[i] = static_cast<std::uint8_t>(std::lround(255 / (1 + std::exp(-logit))));
  }
  return table;
}

}  // namespace

void paint_labels(std::span<const std::uint8_t> labels, const LabelColours& colours, std::span<std::uint8_t> rgba_hwc) {
  for (std::size_t i = 0; i < labels.size(); ++i) std::memcpy(&rgba_hwc[4 * i], colours[labels[i]].data(), 4);
}

void take_opacity(std::span<const std::uint8_t> rgba_hwc, std::span<std::uint8_t> opacity) {
  for (std::size_t i = 0; i < opacity.size(); ++i) opacity[i] = rgba_hwc[4 * i + 3];
}

void soft_matte(std::span<const float> logits, int side, int width, int height, std::span<std::uint8_t> matte) {
  static const auto kTable = sigmoid_table();
  std::vector<float> plane(matte.size());
  upsample_bilinear(logits, side, side, width, height, plane);
  for (std::size_t i = 0; i < plane.size(); ++i) {
    const float clamped = plane[i] < -kMatteRange ? -kMatteRange : plane[i] > kMatteRange ? kMatteRange : plane[i];
    matte[i] = kTable[static_cast<int>((clamped + kMatteRange) * kMatteSteps + 0.5f)];
  }
}

}  // namespace masklet
