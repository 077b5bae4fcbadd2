#include "native/media/video_decoder.h"

namespace masklet::native {
namespace {

Result<av::Codec> open_codec(const Demuxer& demuxer) {
  const AVCodecParameters& parameters = *demuxer.stream().codecpar;
  const AVCodec* decoder = avcodec_find_decoder(parameters.codec_id);
  const auto refused = [&](const std::string& why) {
    return Error{ErrorCode::unsupported_file, "'" + demuxer.path() + "' is coded as " +
                                                  avcodec_get_name(parameters.codec_id) + ", " + why};
  };
  if (!decoder) return refused("which this FFmpeg cannot decode; convert it to H.264 or VP9");
  av::Codec codec(avcodec_alloc_context3(decoder));
  int code = avcodec_parameters_to_context(codec.get(), &parameters);
  codec->pkt_timebase = demuxer.stream().time_base;
  // Inference has the cores; more threads here would only hold more pictures.
  codec->thread_count = 1;
  if (code >= 0) code = avcodec_open2(codec.get(), decoder, nullptr);
  if (code < 0) return refused("whose decoder does not start: " + av::message(code));
  return codec;
}

}  // namespace

Result<VideoDecoder> VideoDecoder::open(const std::string& path, const IndexProgress& progress) {
  MASKLET_ASSIGN(Demuxer demuxer, Demuxer::open(path));
  MASKLET_ASSIGN(av::Codec codec, open_codec(demuxer));
  MASKLET_ASSIGN(VideoIndex index, index_video(demuxer, progress));
  VideoDecoder decoder(std::move(demuxer), std::move(index), std::move(codec));
  MASKLET_TRY(decoder.rewind());
  return decoder;
}

void VideoDecoder::start_afresh(int frame) {
  avcodec_flush_buffers(codec_.get());
  pending_ = nullptr;
  drained_ = false;
  counted_ = frame;
}

Status VideoDecoder::rewind() {
  start_afresh(0);
  return demuxer_.rewind();
}

Status VideoDecoder::go_before(int frame) {
  const std::optional<std::int64_t> key = index_.key_before(frame);
  if (!key) return rewind();
  start_afresh(0);
  MASKLET_TRY(demuxer_.seek(*key));
  pending_ = demuxer_.read();
  // Some files are indexed by decoding time and land behind the key frame.
  if (pending_ && pending_->pts != AV_NOPTS_VALUE && pending_->pts <= *key) return {};
  return rewind();
}

/// Gives the decoder a packet, or the end of them. False: that was done already.
bool VideoDecoder::feed() {
  if (drained_) return false;
  const AVPacket* packet = pending_ ? pending_ : demuxer_.read();
  pending_ = nullptr;
  // A packet that is refused is a picture that will be missing; the next ones may be fine.
  avcodec_send_packet(codec_.get(), packet);
  drained_ = packet == nullptr;
  return true;
}

std::optional<int> VideoDecoder::frame_of(const AVFrame& picture) {
  if (index_.by_counting) return counted_ < index_.frame_count() ? std::optional(counted_++) : std::nullopt;
  return index_.frame_at(picture.pts != AV_NOPTS_VALUE ? picture.pts : picture.best_effort_timestamp);
}

std::optional<VideoDecoder::Picture> VideoDecoder::next() {
  av::Frame picture(av_frame_alloc());
  for (;;) {
    const int code = avcodec_receive_frame(codec_.get(), picture.get());
    if (code >= 0) {
      if (const std::optional<int> frame = frame_of(*picture)) return Picture{*frame, std::move(picture)};
      continue;
    }
    if (code == AVERROR_EOF || !feed()) return std::nullopt;
  }
}

}  // namespace masklet::native
