#include "native/cli/frame_size.h"

#include <charconv>

#include "core/mask/image.h"

namespace masklet::native {

Result<FrameSize> parse_frame_size(const std::string& text) {
  FrameSize size;
  const char* const end = text.data() + text.size();
  const auto [cross, width_failure] = std::from_chars(text.data(), end, size.width);
  if (width_failure == std::errc() && cross != end && *cross == 'x') {
    const auto [rest, height_failure] = std::from_chars(cross + 1, end, size.height);
    if (height_failure == std::errc() && rest == end) {
      MASKLET_TRY(check_image_size("the frame", size.width, size.height));
      return size;
    }
  }
  return Error{ErrorCode::invalid_argument,
               "the size '" + text + "' is not WIDTHxHEIGHT in pixels; write for example 320x240"};
}

}  // namespace masklet::native
