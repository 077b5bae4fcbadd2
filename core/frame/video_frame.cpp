#include "core/frame/video_frame.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "core/mask/image.h"

namespace masklet {
namespace {

/// Planes, bytes a sample, and by how many bits each chroma plane is narrower and lower; interleaved formats
/// have several samples a pixel in their only or second plane.
struct Layout {
  std::string_view name;
  int planes;
  int sample_bytes;
  int shift_x;
  int shift_y;
  std::array<int, 2> samples_per_pixel;  // of the first plane, of the others
};

constexpr Layout kLayouts[] = {
    {"I420", 3, 1, 1, 1, {1, 1}},    {"I422", 3, 1, 1, 0, {1, 1}},    {"I444", 3, 1, 0, 0, {1, 1}},
    {"NV12", 2, 1, 1, 1, {1, 2}},    {"I420P10", 3, 2, 1, 1, {1, 1}}, {"I422P10", 3, 2, 1, 0, {1, 1}},
    {"I444P10", 3, 2, 0, 0, {1, 1}}, {"P010", 2, 2, 1, 1, {1, 2}},    {"GREY", 1, 1, 0, 0, {1, 0}},
    {"RGB", 1, 1, 0, 0, {3, 0}},     {"RGBA", 1, 1, 0, 0, {4, 0}},    {"BGRA", 1, 1, 0, 0, {4, 0}},
};

const Layout& layout_of(PixelFormat format) {
  return kLayouts[static_cast<int>(format)];
}

}  // namespace

std::string_view pixel_format_name(PixelFormat format) {
  return layout_of(format).name;
}

std::optional<PixelFormat> pixel_format_of(std::string_view name) {
  for (int i = 0; i < static_cast<int>(std::size(kLayouts)); ++i) {
    if (kLayouts[i].name == name) return static_cast<PixelFormat>(i);
  }
  return std::nullopt;
}

ColourMatrix presumed_matrix(int width, int height) {
  // A video that stands upright is as large as one that lies.
  return std::min(width, height) >= 720 ? ColourMatrix::bt709 : ColourMatrix::bt601;
}

int plane_count(PixelFormat format) {
  return layout_of(format).planes;
}

PlaneSize plane_size(PixelFormat format, int plane, int width, int height) {
  const Layout& layout = layout_of(format);
  const int shift_x = plane ? layout.shift_x : 0, shift_y = plane ? layout.shift_y : 0;
  const int columns = (width + (1 << shift_x) - 1) >> shift_x;
  return {std::ptrdiff_t{columns} * layout.sample_bytes * layout.samples_per_pixel[plane ? 1 : 0],
          (height + (1 << shift_y) - 1) >> shift_y};
}

Status check_video_frame(const VideoFrame& frame) {
  MASKLET_TRY(check_image_size("the video frame", frame.width, frame.height));
  if (frame.quarter_turns < 0 || frame.quarter_turns > 3)
    return Error{ErrorCode::invalid_argument, "the video frame is turned by " +
                                                  std::to_string(frame.quarter_turns) +
                                                  " quarters; it must be 0 to 3"};
  for (int i = 0; i < plane_count(frame.format); ++i) {
    const Plane& plane = frame.planes[i];
    const PlaneSize size = plane_size(frame.format, i, frame.width, frame.height);
    const std::ptrdiff_t distance = plane.stride_bytes < 0 ? -plane.stride_bytes : plane.stride_bytes;
    const std::string which =
        "plane " + std::to_string(i) + " of the " + std::string(pixel_format_name(frame.format)) + " frame ";
    if (!plane.data) return Error{ErrorCode::invalid_argument, which + "has no data"};
    if (size.rows > 1 && distance < size.row_bytes)
      return Error{ErrorCode::invalid_argument, which + "has rows " + std::to_string(plane.stride_bytes) +
                                                    " bytes apart, but a row takes " +
                                                    std::to_string(size.row_bytes)};
  }
  return {};
}

}  // namespace masklet
