#pragma once

#include <map>
#include <set>

#include "core/frame/frame_converter.h"
#include "native/media/frame_source.h"
#include "native/media/picture_view.h"
#include "native/media/video_decoder.h"

namespace masklet::native {

/// Pictures of a size that a number of bytes has room for: at least 2, so that a step back is cheap; at most what
/// makes further ones no cheaper.
int pictures_within(std::size_t bytes, int width, int height);

/// A video file's frames: forwards one after the other; elsewhere by seeking to the group of pictures;
/// backwards with as many of the group's pictures held as the options or hold() say.
class VideoFile final : public FrameSource {
 public:
  /// Errors: those of VideoDecoder::open; corrupt_file where no picture can be decoded.
  static Result<std::unique_ptr<FrameSource>> open(const std::string& path, const ClipOptions& options);

  int frame_count() const override { return decoder_.index().frame_count(); }
  int width() const override { return width_; }
  int height() const override { return height_; }
  FrameOrigin origin() const override { return FrameOrigin::video_file; }
  double time_s(int frame) const override;
  Result<ImageView> read(int frame) override;
  void hold(int frames) override { held_frames_ = frames; }
  std::size_t held_bytes() const override;
  std::optional<Error> damage() const override;

 private:
  VideoFile(VideoDecoder decoder, const ClipOptions& options)
      : decoder_(std::move(decoder)),
        held_frames_(pictures_within(options.held_bytes, decoder_.width(), decoder_.height())) {}
  Status decode(int frame);
  Status advance_to(int frame, int keep_from);
  bool must_seek(int frame) const;
  Result<ImageView> convert(int frame, const AVFrame& picture);

  VideoDecoder decoder_;
  int held_frames_;
  int width_ = 0, height_ = 0;  // upright
  int coded_width_ = 0, coded_height_ = 0;
  int quarter_turns_ = 0;

  std::map<int, av::Frame> held_;
  int next_ = 0;           // the frame that the decoder gives next, if it leaves none out
  int requested_ = 0;      // by the last read()
  std::set<int> missing_;  // frames that the decoder left out

  PictureView view_;
  FrameConverter converter_;
};

}  // namespace masklet::native
