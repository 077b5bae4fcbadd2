#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "native/media/libav.h"

namespace masklet::native {

/// The packets of one stream of a file.
class Demuxer {
 public:
  /// Opens the file's main stream of a kind. Errors: io_failed, unsupported_file (no video, or no such
  /// stream), corrupt_file.
  static Result<Demuxer> open(const std::string& path, AVMediaType kind = AVMEDIA_TYPE_VIDEO);

  /// The next packet of the stream in file order, good until the next call; null at the end. What ended the
  /// reading before the file's own end is told by `broken`.
  const AVPacket* read();

  /// Goes to the last packet from which decoding can start at or before `time`, or to the beginning where the
  /// file cannot be sought in. Errors: those of open.
  Status seek(std::int64_t time);
  /// Goes to the beginning. Errors: those of open.
  Status rewind();

  const AVStream& stream() const { return *input_->streams[stream_]; }
  const std::string& path() const { return path_; }
  /// Why reading ended, where it was not the file's end; 0 otherwise.
  int broken() const { return broken_; }
  /// Whether what has been read ends before the length that the header promises, by more than `tolerance_s`.
  bool ends_early(double tolerance_s) const;
  /// How much of the file has been read, 0 .. 1.
  double share_read() const;

 private:
  Demuxer(std::string path, AVMediaType kind) : path_(std::move(path)), kind_(kind) {}

  std::string path_;
  AVMediaType kind_;
  av::Input input_;
  av::Packet packet_;
  int stream_ = -1;
  int broken_ = 0;
  double end_s_ = 0;  // of the packets read, of all streams
};

}  // namespace masklet::native
