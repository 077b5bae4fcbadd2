#include "tests/native/clip_files.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <sstream>

#include "native/media/png_file.h"
#include "native/output/numbered_name.h"

namespace masklet::native::testing {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "masklet-test-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void write_clip(const SynthOptions& options, int frames, const std::string& frame_folder,
                const std::string& mask_folder) {
  const auto clip = SynthClip::create(options);
  REQUIRE(clip.ok());
  fs::create_directories(frame_folder);
  fs::create_directories(mask_folder);
  std::vector<std::uint8_t> ids(static_cast<std::size_t>(options.width) * options.height),
      rgb(3 * ids.size());
  for (int frame = 0; frame < frames; ++frame) {
    clip->render(frame, rgb, ids);
    REQUIRE(write_png(fs::path(frame_folder) / numbered_png(frame),
                      packed_image(rgb.data(), options.width, options.height))
                .ok());
    REQUIRE(write_label_png(fs::path(mask_folder) / numbered_png(frame), ids, options.width, options.height)
                .ok());
  }
}

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_all(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream text(read_all(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace masklet::native::testing
