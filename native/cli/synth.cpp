#include <cstdio>
#include <filesystem>

#include "core/mask/mask_statistics.h"
#include "core/synth/synth_clip.h"
#include "native/cli/command.h"
#include "native/cli/frame_size.h"
#include "native/media/png_file.h"
#include "native/output/folders.h"
#include "native/output/numbered_name.h"

namespace masklet::native {
namespace {

namespace fs = std::filesystem;

constexpr int kMostFrames = 100000;  // what five digits number

struct Options {
  std::string output;
  std::string size = "320x240";
  int frames = 60;
  SynthOptions clip;
};

/// The pixel of an object that is nearest to its centre of mass.
std::pair<int, int> centre_of(std::span<const std::uint8_t> ids, int width, int height, int id) {
  std::vector<std::uint8_t> mask(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) mask[i] = ids[i] == id;
  const MaskStatistics statistics = mask_statistics(mask, width, height);
  if (statistics.area_px == 0) return {-1, -1};
  std::pair<int, int> nearest;
  double least = 1e300;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double dx = x - statistics.centroid_x_px, dy = y - statistics.centroid_y_px;
      if (mask[static_cast<std::size_t>(y) * width + x] && dx * dx + dy * dy < least) {
        least = dx * dx + dy * dy;
        nearest = {x, y};
      }
    }
  }
  return nearest;
}

Result<ExitCode> synth(Options options) {
  MASKLET_ASSIGN(const FrameSize size, parse_frame_size(options.size));
  options.clip.width = size.width;
  options.clip.height = size.height;
  if (options.frames < 1 || options.frames > kMostFrames)
    return Error{ErrorCode::invalid_argument, "--frames is " + std::to_string(options.frames) +
                                                  "; it must be from 1 to " + std::to_string(kMostFrames)};
  MASKLET_ASSIGN(const SynthClip clip, SynthClip::create(options.clip));
  const fs::path frames = fs::path(options.output) / "frames", masks = fs::path(options.output) / "masks";
  MASKLET_TRY(make_folder(frames));
  MASKLET_TRY(make_folder(masks));

  std::vector<std::uint8_t> ids(static_cast<std::size_t>(size.width) * size.height), rgb(3 * ids.size());
  std::string clicks;
  for (int frame = 0; frame < options.frames; ++frame) {
    clip.render(frame, rgb, ids);
    MASKLET_TRY(write_png(frames / numbered_png(frame), packed_image(rgb.data(), size.width, size.height)));
    MASKLET_TRY(write_label_png(masks / numbered_png(frame), ids, size.width, size.height));
    for (int id = 1; frame == 0 && id <= options.clip.objects; ++id) {
      const auto [x, y] = centre_of(ids, size.width, size.height, id);
      if (x >= 0)
        clicks += " --click " + std::to_string(x) + "," + std::to_string(y) + ",0," + std::to_string(id);
    }
  }
  std::printf("%d frames of %d x %d in %s, their masks in %s\na click on each object that frame 0 shows:%s\n",
              options.frames, size.width, size.height, frames.c_str(), masks.c_str(), clicks.c_str());
  return kSuccess;
}

}  // namespace

Action add_synth(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command
      .add_option("-o,--output", options->output, "Folder for frames/00000.png, ... and masks/00000.png, ...")
      ->required();
  command.add_option("--frames", options->frames, "Number of frames")->capture_default_str();
  command.add_option("--size", options->size, "WIDTHxHEIGHT in pixels")->capture_default_str();
  command.add_option("--seed", options->clip.seed, "The same seed draws the same clip, everywhere")
      ->capture_default_str();
  command
      .add_option(
          "--objects", options->clip.objects,
          "1 to 8: the first is hidden for a moment, the second leaves and comes back, the third wanders, "
          "and so on")
      ->capture_default_str();
  command.footer(
      "Masks are indexed PNG files with the DAVIS palette; the index is the object.\n\n"
      "Example:\n  masklet synth -o clip --frames 60 --objects 2 --seed 7");
  return [options] { return synth(*options); };
}

}  // namespace masklet::native
