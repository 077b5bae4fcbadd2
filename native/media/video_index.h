#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "native/media/demuxer.h"

namespace masklet::native {

/// Told how much of a file has been looked through, 0 .. 1; false stops.
using IndexProgress = std::function<bool(double share)>;

/// Which frames a video has, in the order in which they are shown, and where decoding can start. Frames are
/// known by their time stamps, so that a variable rate, reordering and a wrong frame count in the header do
/// no harm.
struct VideoIndex {
  std::vector<std::int64_t> times;  ///< of the frames, ascending, in the stream's time base
  std::vector<std::int64_t> keys;   ///< times of the key frames, ascending
  /// Time stamps are missing or come twice: frames are known by counting from the beginning alone.
  bool by_counting = false;
  /// The file ends before what it promises.
  std::optional<Error> damage;

  int frame_count() const { return static_cast<int>(times.size()); }
  /// The frame shown at a time; absent: none is.
  std::optional<int> frame_at(std::int64_t time) const;
  /// The first frame shown at a time or later.
  int first_from(std::int64_t time) const;
  /// The time of the key frame from which `frame` can be decoded; absent: from the beginning.
  std::optional<std::int64_t> key_before(int frame) const;
};

/// Reads all packets, without decoding them. Errors: corrupt_file (no frames), cancelled.
Result<VideoIndex> index_video(Demuxer& demuxer, const IndexProgress& progress);

}  // namespace masklet::native
