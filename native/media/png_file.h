#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "native/media/image_file.h"

namespace masklet::native {

/// One number a pixel, rows without padding: object ids as DAVIS's indexed PNG files hold them, or grey
/// values.
struct LabelImage {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> labels;
  bool indexed = false;  ///< read from a palette's indices, so the numbers are ids; else from grey values
};

/// Reads a mask file: the indices of an indexed PNG, or the values of a grey one, of 8 bits and fewer.
/// Errors: io_failed, corrupt_file, unsupported_file (not a PNG, or one with colours or 16 bits).
Result<LabelImage> read_label_png(const std::string& path);

// The file appears whole or not at all. Errors: io_failed.
Status write_png(const std::string& path, const ImageView& image);
/// Indexed, with the DAVIS palette. `labels` holds [height, width].
Status write_label_png(const std::string& path, std::span<const std::uint8_t> labels, int width, int height);

}  // namespace masklet::native
