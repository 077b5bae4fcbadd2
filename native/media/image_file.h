#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/mask/image.h"

namespace masklet::native {

/// RGB, 8 bits a channel, rows without padding.
struct RgbImage {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;

  ImageView view() const { return {pixels.data(), width, height, static_cast<std::ptrdiff_t>(width) * 3}; }
};

/// Reads a PNG or JPEG file, told apart by its first bytes. Alpha is dropped, grey becomes RGB, 16 bits become 8;
/// EXIF orientation is not applied, as the reference does not.
/// Errors: io_failed, unsupported_file, corrupt_file.
Result<RgbImage> read_image(const std::string& path);

}  // namespace masklet::native
