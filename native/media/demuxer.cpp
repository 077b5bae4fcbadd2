#include "native/media/demuxer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace masklet::native {

Result<Demuxer> Demuxer::open(const std::string& path, AVMediaType kind) {
  // Its remarks on the console come on top of the errors that are returned, and would tear a progress bar.
  av_log_set_level(AV_LOG_QUIET);
  Demuxer demuxer(path, kind);
  MASKLET_TRY(demuxer.rewind());
  return demuxer;
}

/// Opens the file again: not every container can be sought in, and then it is at its beginning for sure.
Status Demuxer::rewind() {
  input_.reset();
  broken_ = 0;
  end_s_ = 0;
  AVFormatContext* context = nullptr;
  int code = avformat_open_input(&context, ("file:" + path_).c_str(), nullptr, nullptr);
  if (code == AVERROR(ENOENT) || code == AVERROR(EACCES) || code == AVERROR(EISDIR) || code == AVERROR(EIO))
    return Error{ErrorCode::io_failed, "'" + path_ + "' cannot be read: " + av::message(code)};
  if (code < 0)
    return Error{ErrorCode::unsupported_file,
                 "'" + path_ + "' is not a video that can be read (" + av::message(code) +
                     "); give an mp4, mov, webm, mkv or gif file, an image, or a folder "
                     "of PNG or JPEG frames"};
  input_.reset(context);
  code = avformat_find_stream_info(context, nullptr);
  if (code < 0)
    return Error{ErrorCode::corrupt_file,
                 "the streams of '" + path_ + "' cannot be read: " + av::message(code)};
  stream_ = av_find_best_stream(context, kind_, -1, -1, nullptr, 0);
  if (stream_ < 0)
    return Error{ErrorCode::unsupported_file, "'" + path_ + "' holds no " + av_get_media_type_string(kind_)};
  // Where the header counts frames, it is known without the other streams whether the file is whole.
  for (unsigned i = 0; i < context->nb_streams; ++i) {
    if (static_cast<int>(i) != stream_ && stream().nb_frames > 0)
      context->streams[i]->discard = AVDISCARD_ALL;
  }
  if (!packet_) packet_.reset(av_packet_alloc());
  return {};
}

const AVPacket* Demuxer::read() {
  for (;;) {
    av_packet_unref(packet_.get());
    const int code = av_read_frame(input_.get(), packet_.get());
    if (code < 0) {
      if (code != AVERROR_EOF) broken_ = code;
      return nullptr;
    }
    if (packet_->pts != AV_NOPTS_VALUE) {
      const double base = av_q2d(input_->streams[packet_->stream_index]->time_base);
      end_s_ = std::max(end_s_, static_cast<double>(packet_->pts + packet_->duration) * base);
    }
    if (packet_->stream_index == stream_) return packet_.get();
  }
}

bool Demuxer::ends_early(double tolerance_s) const {
  if (stream().nb_frames > 0 || input_->duration <= 0) return false;
  // An estimate from the bit rate promises nothing.
  if (input_->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE) return false;
  return end_s_ + tolerance_s < static_cast<double>(input_->duration) / AV_TIME_BASE;
}

Status Demuxer::seek(std::int64_t time) {
  // A GIF frame is painted over the ones before it, whatever its index says.
  const bool seekable = stream().codecpar->codec_id != AV_CODEC_ID_GIF;
  if (seekable && av_seek_frame(input_.get(), stream_, time, AVSEEK_FLAG_BACKWARD) >= 0) return {};
  return rewind();
}

double Demuxer::share_read() const {
  if (!input_->pb) return 0;
  const std::int64_t size = avio_size(input_->pb);
  return size > 0 ? static_cast<double>(avio_tell(input_->pb)) / static_cast<double>(size) : 0;
}

}  // namespace masklet::native
