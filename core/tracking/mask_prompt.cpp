#include "core/tracking/mask_prompt.h"

#include <algorithm>

#include "core/mask/resize_antialias.h"

namespace masklet {

std::vector<std::uint8_t> mask_at_input_size(std::span<const std::uint8_t> bitmap, int width, int height, int size) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(size) * size);
  std::vector<std::uint8_t> binary(bitmap.size());
  std::transform(bitmap.begin(), bitmap.end(), binary.begin(), [](std::uint8_t v) { return v != 0; });
  resize_mask_antialias(binary, width, height, size, size, mask);
  return mask;
}

std::vector<float> mask_logits(std::span<const std::uint8_t> mask, int size) {
  std::vector<float> full(mask.size());
  std::transform(mask.begin(), mask.end(), full.begin(), [](std::uint8_t v) { return v ? 10.0f : -10.0f; });
  const int low = size / 4;
  std::vector<float> logits(static_cast<std::size_t>(low) * low);
  resize_antialias_f32(full, size, size, low, low, logits);
  return logits;
}

std::vector<float> downsample_mask(std::span<const std::uint8_t> mask, int size, const ModelConstants& constants) {
  const int low = size / 4;
  std::vector<float> out(static_cast<std::size_t>(low) * low);
  for (int y = 0; y < low; ++y) {
    for (int x = 0; x < low; ++x) {
      float sum = constants.mask_downsample_bias;
      for (int k = 0; k < 16; ++k) {
        if (mask[(4 * y + k / 4) * size + 4 * x + k % 4]) sum += constants.mask_downsample_weight[k];
      }
      out[y * low + x] = sum;
    }
  }
  return out;
}

}  // namespace masklet
