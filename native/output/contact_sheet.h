#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/mask/image.h"
#include "native/media/image_file.h"

namespace masklet::native {

/// A picture of a clip: a grid of frames, each with its number, objects tinted and outlined in their DAVIS
/// colours.
class ContactSheet {
 public:
  /// For a clip of which `frames` frames will be tracked; at most kCells of them are shown, evenly spread.
  explicit ContactSheet(int frames) : frames_(frames) {}

  /// Whether the n-th tracked frame, from 0 on, is to be shown.
  bool wants(int n) const;

  /// Adds a frame; `labels` holds the object ids of its pixels. Frames are shown in the order of their
  /// numbers.
  Status add(int frame, const ImageView& image, const std::vector<std::uint8_t>& labels);

  /// Errors: io_failed; invalid_state where no frame was added.
  Status write(const std::string& path) const;

 private:
  static constexpr int kCells = 12;
  static constexpr int kColumns = 4;

  int frames_;
  std::map<int, RgbImage> cells_;
};

}  // namespace masklet::native
