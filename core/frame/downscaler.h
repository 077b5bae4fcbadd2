#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/mask/resize_bicubic.h"

namespace masklet {

/// Width and height in pixels.
struct PictureSize {
  int width = 0;
  int height = 0;

  bool operator==(const PictureSize&) const = default;
};

/// `size` where its longer side is at most `longest` pixels, or `longest` is 0; else the size of the same aspect
/// whose longer side is `longest`, the shorter one rounded and at least 1.
PictureSize downscaled_size(PictureSize size, int longest);

/// "frames are scaled down from 3840 x 2160 to 1920 x 1080 pixels".
std::string downscale_text(PictureSize from, PictureSize to);

/// Scales pictures down to a longer side of at most so many pixels, with BicubicResizer: integers alone, so that
/// both twins see the same bytes.
class Downscaler {
 public:
  /// `longest` 0: pictures stay as they are.
  explicit Downscaler(int longest = 0) : longest_(longest) {}

  /// The picture itself where it is small enough; else a view that is good until the next call. Errors: those of
  /// check_image.
  Result<ImageView> scale(const ImageView& image);

  /// Bytes of the picture that the last call scaled.
  std::size_t held_bytes() const { return rgb_.capacity(); }

 private:
  int longest_;
  std::optional<BicubicResizer> resizer_;  // for pictures of the last one's size
  std::vector<std::uint8_t> rgb_;
};

}  // namespace masklet
