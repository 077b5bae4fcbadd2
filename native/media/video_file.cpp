#include "native/media/video_file.h"

#include <algorithm>

namespace masklet::native {

int pictures_within(std::size_t bytes, int width, int height) {
  const std::size_t picture_bytes = std::size_t{3} * width * height / 2;
  return static_cast<int>(std::clamp<std::size_t>(picture_bytes ? bytes / picture_bytes : 0, 2, 512));
}

Result<std::unique_ptr<FrameSource>> VideoFile::open(const std::string& path, const ClipOptions& options) {
  MASKLET_ASSIGN(VideoDecoder decoder, VideoDecoder::open(path, options.on_index));
  std::unique_ptr<VideoFile> file(new VideoFile(std::move(decoder), options));
  file->quarter_turns_ = quarter_turns_of(file->decoder_.stream());
  // The header's size may be padded or missing; the first picture has the real one.
  if (Status decoded = file->decode(0); !decoded)
    return Error{ErrorCode::corrupt_file, "no picture of '" + path + "' can be decoded"};
  const AVFrame& first = *file->held_.begin()->second;
  file->coded_width_ = first.width;
  file->coded_height_ = first.height;
  const bool lies = file->quarter_turns_ % 2 == 1;
  file->width_ = lies ? first.height : first.width;
  file->height_ = lies ? first.width : first.height;
  return std::unique_ptr<FrameSource>(std::move(file));
}

double VideoFile::time_s(int frame) const {
  const VideoIndex& index = decoder_.index();
  const AVStream& stream = decoder_.stream();
  if (index.by_counting) {
    const AVRational rate = stream.avg_frame_rate.num ? stream.avg_frame_rate : AVRational{25, 1};
    return frame / av_q2d(rate);
  }
  return static_cast<double>(index.times[frame]) * av_q2d(stream.time_base);
}

std::size_t VideoFile::held_bytes() const {
  std::size_t bytes = converter_.held_bytes();
  for (const auto& [frame, picture] : held_) {
    for (const AVBufferRef* buffer : picture->buf) bytes += buffer ? buffer->size : 0;
  }
  return bytes;
}

bool VideoFile::must_seek(int frame) const {
  if (frame < next_) return true;
  const VideoIndex& index = decoder_.index();
  const std::optional<std::int64_t> key = index.key_before(frame);
  // A key frame lies ahead: what is before it need not be decoded.
  return frame > next_ && key && *key > index.times[next_];
}

/// Decodes up to `frame` and keeps what is from `keep_from` on.
Status VideoFile::advance_to(int frame, int keep_from) {
  while (std::optional<VideoDecoder::Picture> decoded = decoder_.next()) {
    // Pictures that the decoder left out are stood in for by the next one.
    for (int missing = next_; missing < decoded->frame; ++missing) {
      if (missing < keep_from) continue;
      held_.insert_or_assign(missing, av::Frame(av_frame_clone(decoded->picture.get())));
      missing_.insert(missing);
    }
    next_ = std::max(next_, decoded->frame + 1);
    if (decoded->frame >= keep_from) held_.insert_or_assign(decoded->frame, std::move(decoded->picture));
    if (next_ > frame) return {};
  }
  const int last = next_ - 1;
  return Error{ErrorCode::broken_clip,
               "'" + decoder_.path() + "' breaks off: frame " + std::to_string(frame) +
                   " cannot be decoded, the last that can is " + std::to_string(last)};
}

Status VideoFile::decode(int frame) {
  const bool backwards = frame < requested_;
  const int keep_from = backwards ? std::max(0, frame - held_frames_ + 1) : frame;
  held_.clear();
  if (must_seek(frame)) {
    MASKLET_TRY(decoder_.go_before(keep_from));
    const std::optional<std::int64_t> key = decoder_.index().key_before(keep_from);
    next_ = key ? decoder_.index().first_from(*key) : 0;
  }
  return advance_to(frame, keep_from);
}

Result<ImageView> VideoFile::read(int frame) {
  if (frame < 0 || frame >= frame_count())
    return Error{ErrorCode::frame_out_of_range, "frame " + std::to_string(frame) + " is not in '" +
                                                    decoder_.path() + "'; it has " +
                                                    std::to_string(frame_count()) + " frames"};
  if (!held_.contains(frame)) MASKLET_TRY(decode(frame));
  requested_ = frame;
  return convert(frame, *held_.at(frame));
}

Result<ImageView> VideoFile::convert(int frame, const AVFrame& picture) {
  if (picture.width != coded_width_ || picture.height != coded_height_)
    return Error{ErrorCode::broken_clip,
                 "frame " + std::to_string(frame) + " of '" + decoder_.path() + "' is " +
                     std::to_string(picture.width) + " x " + std::to_string(picture.height) +
                     " pixels; those before it are " + std::to_string(coded_width_) + " x " +
                     std::to_string(coded_height_) + ", and all must have one size"};
  MASKLET_ASSIGN(const VideoFrame planes, view_.view(picture, quarter_turns_));
  return converter_.convert(planes);
}

std::optional<Error> VideoFile::damage() const {
  if (decoder_.index().damage || missing_.empty()) return decoder_.index().damage;
  return Error{ErrorCode::broken_clip, std::to_string(missing_.size()) + " frames of '" + decoder_.path() +
                                           "', from frame " + std::to_string(*missing_.begin()) +
                                           " on, cannot be decoded; the frames after them stand in for them"};
}

}  // namespace masklet::native
