#pragma once

#include <vector>

#include "core/frame/video_frame.h"
#include "native/media/libav.h"

namespace masklet::native {

/// Shows FFmpeg's pictures to core: planes as they are where core knows the layout, else brought to RGB by
/// swscale.
class PictureView {
 public:
  /// Good as long as `picture` and until the next call. Errors: unsupported_file, naming the pixel format.
  Result<VideoFrame> view(const AVFrame& picture, int quarter_turns);

 private:
  Status convert(const AVFrame& picture, VideoFrame& frame);

  av::Scaler scaler_;
  std::vector<std::uint8_t> rgb_;
};

/// Clockwise quarter turns that bring a stream's pictures upright, from its display matrix; other angles
/// count as none.
int quarter_turns_of(const AVStream& stream);

}  // namespace masklet::native
