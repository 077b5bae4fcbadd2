#include "native/output/overlay.h"

#include <algorithm>

#include "core/effects/highlight.h"
#include "core/mask/davis_palette.h"
#include "native/media/video_writer.h"
#include "native/output/masklets_reader.h"

namespace masklet::native {
namespace {

double frame_rate_of(const FrameSource& frames) {
  const int last = frames.frame_count() - 1;
  const double seconds = frames.time_s(last) - frames.time_s(0);
  return seconds > 0 ? std::clamp(last / seconds, 0.01, 1000.0) : 24;
}

void copy_rows(const ImageView& image, std::vector<std::uint8_t>& rgb) {
  rgb.resize(std::size_t{3} * image.width * image.height);
  for (int y = 0; y < image.height; ++y)
    std::copy_n(image.row(y), 3 * image.width, rgb.begin() + std::ptrdiff_t{3} * y * image.width);
}

}  // namespace

Result<std::string> write_overlay(FrameSource& frames, const OverlayOptions& options, Progress& progress) {
  MASKLET_ASSIGN(MaskletsReader masklets, MaskletsReader::open(options.masklets));
  const int width = frames.width(), height = frames.height();
  MASKLET_ASSIGN(VideoWriter writer, VideoWriter::create({options.path, width, height, frame_rate_of(frames),
                                                          options.sound_from}));
  std::vector<std::uint8_t> rgb, mask(static_cast<std::size_t>(width) * height);
  const int line_px = std::max(2, std::max(width, height) / 400);
  progress.begin("overlay", frames.frame_count());
  for (int frame = 0; frame < frames.frame_count(); ++frame) {
    if (options.stop && options.stop())
      return Error{ErrorCode::cancelled, "interrupted at frame " + std::to_string(frame) +
                                             " of the overlay, which is "
                                             "not written; the masks are complete"};
    const Result<ImageView> image = frames.read(frame);
    if (!image && image.error().code == ErrorCode::broken_clip) break;  // its masks end here as well
    if (!image) return image.error();
    copy_rows(*image, rgb);
    MASKLET_ASSIGN(const std::vector<MaskletsReader::Object> objects, masklets.objects(frame));
    for (const MaskletsReader::Object& object : objects) {
      rle_decode(object.rle, mask);
      highlight(rgb, mask, width, height, davis_colour(static_cast<std::uint8_t>(object.id)), line_px);
    }
    MASKLET_TRY(writer.add(packed_image(rgb.data(), width, height), frames.time_s(frame)));
    progress.advance(frame);
  }
  MASKLET_TRY(writer.finish());
  return writer.silence();
}

}  // namespace masklet::native
