#pragma once

#include <optional>

#include "native/media/video_index.h"

namespace masklet::native {

/// A video's pictures in the order in which they are shown, from any frame on.
class VideoDecoder {
 public:
  /// Errors: those of Demuxer::open and index_video; unsupported_file, naming the codec.
  static Result<VideoDecoder> open(const std::string& path, const IndexProgress& progress);

  const VideoIndex& index() const { return index_; }
  const AVStream& stream() const { return demuxer_.stream(); }
  const std::string& path() const { return demuxer_.path(); }
  int width() const { return codec_->width; }
  int height() const { return codec_->height; }

  struct Picture {
    int frame = 0;
    av::Frame picture;
  };
  /// The next picture; absent at the end. Pictures that cannot be decoded are left out.
  std::optional<Picture> next();

  /// Makes next() go on with `frame`'s group of pictures, at or before it.
  Status go_before(int frame);
  Status rewind();

 private:
  VideoDecoder(Demuxer demuxer, VideoIndex index, av::Codec codec)
      : demuxer_(std::move(demuxer)), index_(std::move(index)), codec_(std::move(codec)) {}
  void start_afresh(int frame);
  bool feed();
  std::optional<int> frame_of(const AVFrame& picture);

  Demuxer demuxer_;
  VideoIndex index_;
  av::Codec codec_;
  const AVPacket* pending_ = nullptr;  // read, not yet decoded
  bool drained_ = false;
  int counted_ = 0;  // pictures since the beginning, where frames are known by counting
};

}  // namespace masklet::native
