#pragma once

#include <vector>

#include "core/frame/video_frame.h"
#include "core/mask/image.h"

namespace masklet {

/// Turns decoded pictures into upright RGB8, with integers alone, so that both twins see the same bytes for
/// the same video. Chroma samples are repeated, not interpolated; 10 bits are rounded to 8 after the matrix.
class FrameConverter {
 public:
  /// The view is good until the next call, or as long as the frame's own memory where that is upright RGB
  /// already. Errors: those of check_video_frame.
  Result<ImageView> convert(const VideoFrame& frame);

  /// Bytes held for the next call.
  std::size_t held_bytes() const { return rgb_.capacity() + row_.capacity() * sizeof(row_[0]); }

 private:
  std::vector<std::uint8_t> rgb_;
  std::vector<std::int16_t>
      row_;  // a row's samples at full width, less their offsets: luma, then both chromas
};

}  // namespace masklet
