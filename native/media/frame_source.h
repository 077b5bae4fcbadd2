#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/frame/downscaler.h"
#include "core/mask/image.h"

namespace masklet::native {

/// Where frames come from, as far as what a process holds depends on it.
enum class FrameOrigin {
  given,        ///< from the caller, who has drawn or decoded them
  image_files,  ///< read one by one
  video_file,   ///< decoded by a video codec, which keeps pictures of its own
};

/// The frames of a clip, in any order; forwards is cheapest.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  virtual int frame_count() const = 0;
  /// Of the upright picture.
  virtual int width() const = 0;
  virtual int height() const = 0;
  /// Of the frames before they were scaled down to width() x height(); absent: they are not.
  virtual std::optional<PictureSize> scaled_from() const { return std::nullopt; }
  virtual FrameOrigin origin() const { return FrameOrigin::given; }
  /// When a frame is shown, in seconds from where players start counting.
  virtual double time_s(int frame) const = 0;
  /// The frame, valid until the next call. Errors: frame_out_of_range; broken_clip where the clip ends or
  /// changes before it should; those of decoding.
  virtual Result<ImageView> read(int frame) = 0;
  /// Most decoded pictures to keep while reading backwards; images are read one by one and keep none.
  virtual void hold(int frames) {}
  /// Bytes of the pictures that are kept now.
  virtual std::size_t held_bytes() const = 0;
  /// What is wrong with the clip, as far as is known by now, though its frames can be read.
  virtual std::optional<Error> damage() const { return std::nullopt; }
};

struct ClipOptions {
  /// Frames a second of a folder of images, which says nothing about time itself.
  double frame_rate = 24;
  /// Decoded pictures of a video that are kept while it is read backwards, so that a group of pictures is not
  /// decoded anew for each of its frames.
  std::size_t held_bytes = std::size_t{64} << 20;
  /// Told, while a video is looked through at first, how much of it has been (0 .. 1); false stops.
  std::function<bool(double share)> on_index;
};

/// A video file, an image, or a folder of images. Errors: io_failed, unsupported_file, corrupt_file,
/// cancelled.
Result<std::unique_ptr<FrameSource>> open_clip(const std::string& path, const ClipOptions& options);

/// A folder of PNG or JPEG files, in the order of the numbers in their names, all of one size.
/// `order` gives the file of each frame; absent: each file once. Errors: io_failed, unsupported_file (no
/// images).
Result<std::unique_ptr<FrameSource>> open_frame_folder(const std::string& folder,
                                                       const std::optional<std::vector<int>>& order,
                                                       double frame_rate = ClipOptions().frame_rate);

}  // namespace masklet::native
