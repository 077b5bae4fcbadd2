#include "native/media/downscaled_frames.h"

#include <utility>

namespace masklet::native {
namespace {

class DownscaledFrames final : public FrameSource {
 public:
  DownscaledFrames(std::unique_ptr<FrameSource> frames, PictureSize size, int longest)
      : frames_(std::move(frames)), size_(size), downscaler_(longest) {}

  int frame_count() const override { return frames_->frame_count(); }
  int width() const override { return size_.width; }
  int height() const override { return size_.height; }
  std::optional<PictureSize> scaled_from() const override {
    return PictureSize{frames_->width(), frames_->height()};
  }
  FrameOrigin origin() const override { return frames_->origin(); }
  double time_s(int frame) const override { return frames_->time_s(frame); }
  Result<ImageView> read(int frame) override {
    MASKLET_ASSIGN(const ImageView image, frames_->read(frame));
    return downscaler_.scale(image);
  }
  void hold(int frames) override { frames_->hold(frames); }
  std::size_t held_bytes() const override { return frames_->held_bytes() + downscaler_.held_bytes(); }
  std::optional<Error> damage() const override { return frames_->damage(); }

 private:
  std::unique_ptr<FrameSource> frames_;
  PictureSize size_;
  Downscaler downscaler_;
};

}  // namespace

std::unique_ptr<FrameSource> downscaled_frames(std::unique_ptr<FrameSource> frames, int longest) {
  const PictureSize size{frames->width(), frames->height()}, scaled = downscaled_size(size, longest);
  if (scaled == size) return frames;
  return std::make_unique<DownscaledFrames>(std::move(frames), scaled, longest);
}

}  // namespace masklet::native
