#include "core/mask/image.h"

#include <string>

namespace masklet {

Status check_image_size(const char* what, int width, int height) {
  if (width >= 1 && height >= 1 && width <= kMaxImageSide && height <= kMaxImageSide) return {};
  return Error{ErrorCode::invalid_argument, std::string(what) + " is " + std::to_string(width) + " x " +
                                                std::to_string(height) + "; both sides must be 1 to " +
                                                std::to_string(kMaxImageSide) + " pixels"};
}

Status check_image(const ImageView& image) {
  if (!image.data)
    return Error{ErrorCode::invalid_argument, "the image has no pixels: its data pointer is null"};
  MASKLET_TRY(check_image_size("the image", image.width, image.height));
  const std::ptrdiff_t row_bytes = std::ptrdiff_t{3} * image.width;
  const std::ptrdiff_t distance = image.stride_bytes < 0 ? -image.stride_bytes : image.stride_bytes;
  if (image.height > 1 && distance < row_bytes) {
    return Error{ErrorCode::invalid_argument, "the image's rows are " + std::to_string(image.stride_bytes) +
                                                  " bytes apart, but " + std::to_string(image.width) +
                                                  " RGB pixels take " + std::to_string(row_bytes) +
                                                  "; pass the stride in bytes"};
  }
  return {};
}

}  // namespace masklet
