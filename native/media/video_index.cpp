#include "native/media/video_index.h"

#include <algorithm>
#include <numeric>

namespace masklet::native {
namespace {

constexpr int kPacketsPerReport = 500;

/// Whether a packet is a picture that is shown. VP8 alone has packets for pictures that others only refer to
/// (RFC 6386, 9.1: bit 4 of the frame tag is show_frame).
bool is_shown(const AVPacket& packet, AVCodecID codec) {
  if (packet.flags & AV_PKT_FLAG_DISCARD) return false;
  return codec != AV_CODEC_ID_VP8 || packet.size < 1 || (packet.data[0] & 0x10) != 0;
}

Error broken_off(const Demuxer& demuxer, int frames, std::int64_t promised) {
  std::string message = "'" + demuxer.path() + "' breaks off after " + std::to_string(frames) + " frames";
  if (promised > frames) message += " of " + std::to_string(promised);
  if (demuxer.broken()) message += " (" + av::message(demuxer.broken()) + ")";
  return {ErrorCode::broken_clip, message + "; they can be used, the rest is missing from the file"};
}

}  // namespace

int VideoIndex::first_from(std::int64_t time) const {
  return static_cast<int>(std::lower_bound(times.begin(), times.end(), time) - times.begin());
}

std::optional<int> VideoIndex::frame_at(std::int64_t time) const {
  const int frame = first_from(time);
  return frame < frame_count() && times[frame] == time ? std::optional(frame) : std::nullopt;
}

std::optional<std::int64_t> VideoIndex::key_before(int frame) const {
  if (by_counting) return std::nullopt;
  const auto it = std::upper_bound(keys.begin(), keys.end(), times[frame]);
  if (it == keys.begin()) return std::nullopt;
  return *std::prev(it);
}

Result<VideoIndex> index_video(Demuxer& demuxer, const IndexProgress& progress) {
  VideoIndex index;
  const AVCodecID codec = demuxer.stream().codecpar->codec_id;
  bool cut = false;
  while (const AVPacket* packet = demuxer.read()) {
    if (packet->pts == AV_NOPTS_VALUE) index.by_counting = true;
    if (packet->flags & AV_PKT_FLAG_KEY) index.keys.push_back(packet->pts);
    // A packet that is cut short can only be the last one.
    cut = (packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
    if (!cut && is_shown(*packet, codec)) index.times.push_back(packet->pts);
    if (progress && index.times.size() % kPacketsPerReport == 1 && !progress(demuxer.share_read()))
      return Error{ErrorCode::cancelled, "interrupted while the video was looked through"};
  }
  if (index.times.empty())
    return Error{ErrorCode::corrupt_file, "'" + demuxer.path() + "' holds no frames of video"};

  const std::int64_t promised = demuxer.stream().nb_frames;
  const AVRational rate = demuxer.stream().avg_frame_rate;
  const double tolerance_s = rate.num > 0 ? 3 / av_q2d(rate) : 0.2;
  if (cut || demuxer.broken() || demuxer.ends_early(tolerance_s))
    index.damage = broken_off(demuxer, index.frame_count(), promised);
  std::sort(index.times.begin(), index.times.end());
  std::sort(index.keys.begin(), index.keys.end());
  if (std::adjacent_find(index.times.begin(), index.times.end()) != index.times.end())
    index.by_counting = true;
  if (index.by_counting) std::iota(index.times.begin(), index.times.end(), 0);
  return index;
}

}  // namespace masklet::native
