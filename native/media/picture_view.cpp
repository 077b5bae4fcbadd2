#include "native/media/picture_view.h"

#include <cmath>
#include <optional>

extern "C" {
#include <libavutil/pixdesc.h>
}

namespace masklet::native {
namespace {

struct KnownFormat {
  PixelFormat format;
  bool full_range = false;  // the name alone says so
};

std::optional<KnownFormat> known_format(int format) {
  switch (format) {
    case AV_PIX_FMT_YUV420P:
    case AV_PIX_FMT_YUVA420P:
      return KnownFormat{PixelFormat::i420};
    case AV_PIX_FMT_YUVJ420P:
      return KnownFormat{PixelFormat::i420, true};
    case AV_PIX_FMT_YUV422P:
      return KnownFormat{PixelFormat::i422};
    case AV_PIX_FMT_YUVJ422P:
      return KnownFormat{PixelFormat::i422, true};
    case AV_PIX_FMT_YUV444P:
      return KnownFormat{PixelFormat::i444};
    case AV_PIX_FMT_YUVJ444P:
      return KnownFormat{PixelFormat::i444, true};
    case AV_PIX_FMT_NV12:
      return KnownFormat{PixelFormat::nv12};
    case AV_PIX_FMT_YUV420P10LE:
      return KnownFormat{PixelFormat::i420_10};
    case AV_PIX_FMT_YUV422P10LE:
      return KnownFormat{PixelFormat::i422_10};
    case AV_PIX_FMT_YUV444P10LE:
      return KnownFormat{PixelFormat::i444_10};
    case AV_PIX_FMT_P010LE:
      return KnownFormat{PixelFormat::p010};
    case AV_PIX_FMT_GRAY8:
      return KnownFormat{PixelFormat::grey, true};
    case AV_PIX_FMT_RGB24:
      return KnownFormat{PixelFormat::rgb, true};
    case AV_PIX_FMT_RGBA:
    case AV_PIX_FMT_RGB0:
      return KnownFormat{PixelFormat::rgba, true};
    case AV_PIX_FMT_BGRA:
    case AV_PIX_FMT_BGR0:
      return KnownFormat{PixelFormat::bgra, true};
    default:
      return std::nullopt;
  }
}

ColourMatrix matrix_of(const AVFrame& picture) {
  switch (picture.colorspace) {
    case AVCOL_SPC_BT709:
      return ColourMatrix::bt709;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
      return ColourMatrix::bt601;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return ColourMatrix::bt2020;
    default:
      return presumed_matrix(picture.width, picture.height);
  }
}

}  // namespace

Result<VideoFrame> PictureView::view(const AVFrame& picture, int quarter_turns) {
  VideoFrame frame;
  frame.width = picture.width;
  frame.height = picture.height;
  frame.quarter_turns = quarter_turns;
  const std::optional<KnownFormat> known = known_format(picture.format);
  if (!known) {
    MASKLET_TRY(convert(picture, frame));
    return frame;
  }
  frame.format = known->format;
  frame.matrix = matrix_of(picture);
  frame.full_range = known->full_range || picture.color_range == AVCOL_RANGE_JPEG;
  for (int i = 0; i < plane_count(frame.format); ++i)
    frame.planes[i] = {picture.data[i], picture.linesize[i]};
  return frame;
}

Status PictureView::convert(const AVFrame& picture, VideoFrame& frame) {
  const auto from = static_cast<AVPixelFormat>(picture.format);
  scaler_.reset(sws_getCachedContext(scaler_.release(), picture.width, picture.height, from, picture.width,
                                     picture.height, AV_PIX_FMT_RGB24, SWS_POINT, nullptr, nullptr, nullptr));
  if (!scaler_)
    return Error{ErrorCode::unsupported_file, std::string("pictures of the pixel format ") +
                                                  av_get_pix_fmt_name(from) + " cannot be converted to RGB"};
  rgb_.resize(std::size_t{3} * picture.width * picture.height);
  std::uint8_t* const planes[] = {rgb_.data()};
  const int strides[] = {3 * picture.width};
  sws_scale(scaler_.get(), picture.data, picture.linesize, 0, picture.height, planes, strides);
  frame.format = PixelFormat::rgb;
  frame.planes[0] = {rgb_.data(), strides[0]};
  return {};
}

int quarter_turns_of(const AVStream& stream) {
  const std::uint8_t* matrix = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr);
  if (!matrix) return 0;
  // FFmpeg counts counterclockwise.
  const double degrees = -av_display_rotation_get(reinterpret_cast<const std::int32_t*>(matrix));
  if (std::isnan(degrees)) return 0;
  const double quarters = degrees / 90;
  const long nearest = std::lround(quarters);
  return std::abs(quarters - static_cast<double>(nearest)) < 0.01 ? static_cast<int>(((nearest % 4) + 4) % 4)
                                                                  : 0;
}

}  // namespace masklet::native
