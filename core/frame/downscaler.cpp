#include "core/frame/downscaler.h"

#include <algorithm>

namespace masklet {

PictureSize downscaled_size(PictureSize size, int longest) {
  const std::int64_t longer = std::max(size.width, size.height);
  if (longest <= 0 || longer <= longest) return size;
  const auto scaled = [&](std::int64_t side) {
    return std::max(1, static_cast<int>((2 * side * longest + longer) / (2 * longer)));
  };
  return {scaled(size.width), scaled(size.height)};
}

std::string downscale_text(PictureSize from, PictureSize to) {
  const auto text = [](PictureSize size) { return std::to_string(size.width) + " x " + std::to_string(size.height); };
  return "frames are scaled down from " + text(from) + " to " + text(to) + " pixels";
}

Result<ImageView> Downscaler::scale(const ImageView& image) {
  MASKLET_TRY(check_image(image));
  const auto [width, height] = downscaled_size({image.width, image.height}, longest_);
  if (width == image.width && height == image.height) return image;
  if (!resizer_ || !resizer_->takes(image)) {
    resizer_.emplace(image.width, image.height, width, height);
    rgb_.resize(std::size_t{3} * width * height);
  }
  resizer_->resize(image, rgb_);
  return packed_image(rgb_.data(), width, height);
}

}  // namespace masklet
