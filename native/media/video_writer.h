#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/mask/image.h"

namespace masklet::native {

struct VideoWriterOptions {
  std::string path;  ///< its extension chooses the container: .mp4, .mov, .mkv
  int width = 0;     ///< of the pictures; an odd last column or row is left out, as H.264 wants even sides
  int height = 0;
  double frame_rate = 24;  ///< what players show and the encoder plans with; pictures bring their own times
  std::string sound_from;  ///< a video whose sound is copied as it is; empty: none
};

/// Refuses, with invalid_argument, a name whose extension stands for no container of H.264.
Status check_video_name(const std::string& path);

/// An H.264 video, which appears whole under its name or not at all.
class VideoWriter {
 public:
  /// Errors: those of check_video_name; io_failed; unsupported_file (no encoder, or a picture too small).
  static Result<VideoWriter> create(const VideoWriterOptions& options);
  VideoWriter(VideoWriter&&) noexcept;
  ~VideoWriter();

  /// Pictures come in the order of their times. Errors: io_failed, runtime_failed.
  Status add(const ImageView& rgb, double time_s);
  Status finish();

  /// Why the sound was left out; empty where it was not, or where there is none.
  const std::string& silence() const;

 private:
  struct State;
  explicit VideoWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace masklet::native
