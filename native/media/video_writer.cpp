#include "native/media/video_writer.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "native/media/demuxer.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace masklet::native {
namespace {

constexpr AVRational kTicks{1, 90000};

struct FreeOutput {
  void operator()(AVFormatContext* context) const {
    if (context->pb) avio_closep(&context->pb);
    avformat_free_context(context);
  }
};
using Output = std::unique_ptr<AVFormatContext, FreeOutput>;

Error failed(const std::string& path, const char* what, int code) {
  return {ErrorCode::io_failed, "'" + path + "' " + what + ": " + av::message(code)};
}

}  // namespace

struct VideoWriter::State {
  VideoWriterOptions options;
  std::string draft;
  Output output;
  av::Codec codec;
  av::Scaler scaler;
  av::Frame picture;
  av::Packet packet;
  AVStream* video = nullptr;
  std::int64_t last_tick = AV_NOPTS_VALUE;

  std::unique_ptr<Demuxer> sound_source;
  AVStream* sound = nullptr;
  const AVPacket* next_sound = nullptr;
  std::string silence;

  ~State() {
    output.reset();
    if (!draft.empty()) std::remove(draft.c_str());
  }

  Status open_encoder();
  void open_sound();
  Status open_file();
  Status encode(const AVFrame* frame);
  Status copy_sound_until(double time_s);
};

Status check_video_name(const std::string& path) {
  const AVOutputFormat* format = av_guess_format(nullptr, path.c_str(), nullptr);
  if (format && avformat_query_codec(format, AV_CODEC_ID_H264, FF_COMPLIANCE_NORMAL) == 1) return {};
  return Error{ErrorCode::invalid_argument,
               "'" + path + "' names no container of H.264 video; end it in .mp4, .mov or .mkv"};
}

Status VideoWriter::State::open_encoder() {
  const AVCodec* encoder = avcodec_find_encoder(AV_CODEC_ID_H264);
  if (!encoder)
    return Error{ErrorCode::unsupported_file, "this FFmpeg has no H.264 encoder, so no video is written"};
  if (options.width < 2 || options.height < 2)
    return Error{ErrorCode::unsupported_file, "a video of " + std::to_string(options.width) + " x " +
                                                  std::to_string(options.height) +
                                                  " pixels cannot be written; each side must be 2 or more"};
  codec.reset(avcodec_alloc_context3(encoder));
  codec->width = options.width & ~1;
  codec->height = options.height & ~1;
  codec->pix_fmt = AV_PIX_FMT_YUV420P;
  codec->time_base = kTicks;
  codec->framerate = av_d2q(options.frame_rate, 100000);
  codec->colorspace = AVCOL_SPC_BT709;
  codec->color_primaries = AVCOL_PRI_BT709;
  codec->color_trc = AVCOL_TRC_BT709;
  codec->color_range = AVCOL_RANGE_MPEG;
  codec->max_b_frames = 0;  // pictures leave the encoder as they come, so little is held
  if (output->oformat->flags & AVFMT_GLOBALHEADER) codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av_opt_set(codec->priv_data, "preset", "veryfast", 0);
  av_opt_set(codec->priv_data, "crf", "20", 0);
  int code = avcodec_open2(codec.get(), encoder, nullptr);
  if (code < 0) return failed(options.path, "cannot be encoded", code);

  video = avformat_new_stream(output.get(), nullptr);
  video->time_base = kTicks;
  video->avg_frame_rate = codec->framerate;
  avcodec_parameters_from_context(video->codecpar, codec.get());

  picture.reset(av_frame_alloc());
  picture->format = codec->pix_fmt;
  picture->width = codec->width;
  picture->height = codec->height;
  picture->colorspace = codec->colorspace;
  picture->color_range = codec->color_range;
  code = av_frame_get_buffer(picture.get(), 0);
  if (code < 0) return failed(options.path, "cannot be encoded", code);
  packet.reset(av_packet_alloc());

  scaler.reset(sws_getContext(codec->width, codec->height, AV_PIX_FMT_RGB24, codec->width, codec->height,
                              AV_PIX_FMT_YUV420P, SWS_BILINEAR | SWS_ACCURATE_RND, nullptr, nullptr,
                              nullptr));
  if (!scaler) return Error{ErrorCode::runtime_failed, "pictures cannot be converted from RGB to YUV"};
  const int* matrix = sws_getCoefficients(SWS_CS_ITU709);
  sws_setColorspaceDetails(scaler.get(), matrix, 1, matrix, 0, 0, 1 << 16, 1 << 16);
  return {};
}

void VideoWriter::State::open_sound() {
  if (options.sound_from.empty()) return;
  Result<Demuxer> opened = Demuxer::open(options.sound_from, AVMEDIA_TYPE_AUDIO);
  if (!opened) return;  // there is none
  const AVCodecParameters& parameters = *opened->stream().codecpar;
  if (avformat_query_codec(output->oformat, parameters.codec_id, FF_COMPLIANCE_NORMAL) != 1) {
    silence = std::string("the sound is ") + avcodec_get_name(parameters.codec_id) + ", which " +
              output->oformat->name + " cannot hold, and was left out";
    return;
  }
  sound_source = std::make_unique<Demuxer>(std::move(*opened));
  sound = avformat_new_stream(output.get(), nullptr);
  avcodec_parameters_copy(sound->codecpar, sound_source->stream().codecpar);
  sound->codecpar->codec_tag = 0;  // the other container's own name for the codec
  sound->time_base = sound_source->stream().time_base;
  next_sound = sound_source->read();
}

Status VideoWriter::State::open_file() {
  int code = avio_open(&output->pb, ("file:" + draft).c_str(), AVIO_FLAG_WRITE);
  if (code < 0) {
    const std::string path = options.path;
    draft.clear();
    return failed(path, "cannot be created", code);
  }
  code = avformat_write_header(output.get(), nullptr);
  return code < 0 ? Status(failed(options.path, "cannot be written", code)) : Status();
}

/// `frame` null: the encoder gives what it still holds.
Status VideoWriter::State::encode(const AVFrame* frame) {
  int code = avcodec_send_frame(codec.get(), frame);
  while (code >= 0) {
    code = avcodec_receive_packet(codec.get(), packet.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
    if (code < 0) break;
    packet->stream_index = video->index;
    av_packet_rescale_ts(packet.get(), kTicks, video->time_base);
    code = av_interleaved_write_frame(output.get(), packet.get());
  }
  return failed(options.path, "cannot be written", code);
}

Status VideoWriter::State::copy_sound_until(double time_s) {
  for (; next_sound; next_sound = sound_source->read()) {
    const AVRational source_base = sound_source->stream().time_base;
    if (next_sound->dts != AV_NOPTS_VALUE &&
        static_cast<double>(next_sound->dts) * av_q2d(source_base) > time_s)
      return {};
    av::Packet copy(av_packet_clone(next_sound));
    copy->stream_index = sound->index;
    copy->pos = -1;
    av_packet_rescale_ts(copy.get(), source_base, sound->time_base);
    const int code = av_interleaved_write_frame(output.get(), copy.get());
    if (code < 0) return failed(options.path, "cannot be written", code);
  }
  return {};
}

Result<VideoWriter> VideoWriter::create(const VideoWriterOptions& options) {
  MASKLET_TRY(check_video_name(options.path));
  auto state = std::make_unique<State>();
  state->options = options;
  state->draft = options.path + ".part-" + std::to_string(::getpid());
  AVFormatContext* context = nullptr;
  avformat_alloc_output_context2(&context, av_guess_format(nullptr, options.path.c_str(), nullptr), nullptr,
                                 nullptr);
  state->output.reset(context);
  MASKLET_TRY(state->open_encoder());
  state->open_sound();
  MASKLET_TRY(state->open_file());
  return VideoWriter(std::move(state));
}

VideoWriter::VideoWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
VideoWriter::VideoWriter(VideoWriter&&) noexcept = default;
VideoWriter::~VideoWriter() = default;

const std::string& VideoWriter::silence() const {
  return state_->silence;
}

Status VideoWriter::add(const ImageView& rgb, double time_s) {
  State& state = *state_;
  MASKLET_TRY(state.copy_sound_until(time_s));
  const int code = av_frame_make_writable(state.picture.get());
  if (code < 0) return failed(state.options.path, "cannot be encoded", code);
  const std::uint8_t* const rows[] = {rgb.data};
  const int strides[] = {static_cast<int>(rgb.stride_bytes)};
  sws_scale(state.scaler.get(), rows, strides, 0, state.codec->height, state.picture->data,
            state.picture->linesize);
  const auto tick = static_cast<std::int64_t>(std::llround(time_s / av_q2d(kTicks)));
  state.last_tick = state.last_tick == AV_NOPTS_VALUE ? tick : std::max(tick, state.last_tick + 1);
  state.picture->pts = state.last_tick;
  return state.encode(state.picture.get());
}

Status VideoWriter::finish() {
  State& state = *state_;
  MASKLET_TRY(state.encode(nullptr));
  const double frame_s = 1 / state.options.frame_rate;
  if (state.last_tick != AV_NOPTS_VALUE)
    MASKLET_TRY(state.copy_sound_until(static_cast<double>(state.last_tick) * av_q2d(kTicks) + frame_s));
  int code = av_write_trailer(state.output.get());
  if (const int closed = avio_closep(&state.output->pb); code >= 0) code = closed;
  if (code < 0) return failed(state.options.path, "cannot be completed", code);
  if (std::rename(state.draft.c_str(), state.options.path.c_str()) != 0)
    return failed(state.options.path, "cannot be completed", AVERROR(errno));
  state.draft.clear();
  return {};
}

}  // namespace masklet::native
