#include <filesystem>
#include <fstream>

#include "native/media/frame_source.h"
#include "native/media/image_file.h"
#include "native/media/video_file.h"

namespace masklet::native {
namespace {

namespace fs = std::filesystem;

/// An image as a clip of one frame.
class StillImage final : public FrameSource {
 public:
  explicit StillImage(RgbImage image) : image_(std::move(image)) {}

  int frame_count() const override { return 1; }
  int width() const override { return image_.width; }
  int height() const override { return image_.height; }
  FrameOrigin origin() const override { return FrameOrigin::image_files; }
  double time_s(int) const override { return 0; }
  std::size_t held_bytes() const override { return image_.pixels.capacity(); }
  Result<ImageView> read(int frame) override {
    if (frame == 0) return image_.view();
    return Error{ErrorCode::frame_out_of_range,
                 "frame " + std::to_string(frame) + " is not in an image, which has one"};
  }

 private:
  RgbImage image_;
};

bool is_png_or_jpeg(const std::string& path) {
  char start[3] = {};
  std::ifstream(path, std::ios::binary).read(start, sizeof start);
  const std::string_view bytes(start, sizeof start);
  return bytes == "\x89PN" || bytes == "\xFF\xD8\xFF";
}

}  // namespace

Result<std::unique_ptr<FrameSource>> open_clip(const std::string& path, const ClipOptions& options) {
  std::error_code failure;
  if (!fs::exists(path, failure)) return Error{ErrorCode::io_failed, "'" + path + "' does not exist"};
  if (fs::is_directory(path, failure)) return open_frame_folder(path, std::nullopt, options.frame_rate);
  if (!is_png_or_jpeg(path)) return VideoFile::open(path, options);
  MASKLET_ASSIGN(RgbImage image, read_image(path));
  return std::unique_ptr<FrameSource>(new StillImage(std::move(image)));
}

}  // namespace masklet::native
