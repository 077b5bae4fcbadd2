#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "native/media/image_file.h"

namespace masklet::native {

/// The frames of a clip, in any order.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  virtual int frame_count() const = 0;
  virtual int width() const = 0;
  virtual int height() const = 0;
  /// The frame, valid until the next call. Errors: frame_out_of_range, and those of decoding.
  virtual Result<ImageView> read(int frame) = 0;
};

/// A folder of PNG or JPEG files, in the order of the numbers in their names, all of one size.
/// `order` gives the file of each frame; absent: each file once. Errors: io_failed, unsupported_file (no images).
Result<std::unique_ptr<FrameSource>> open_frame_folder(const std::string& folder,
                                                       const std::optional<std::vector<int>>& order);

}  // namespace masklet::native
