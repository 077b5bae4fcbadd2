#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/synth/synth_clip.h"

namespace masklet::native::testing {

/// A folder of its own under the system's temporary one, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Writes the first frames of a synthetic clip as PNG files, and their masks as indexed ones.
void write_clip(const SynthOptions& options, int frames, const std::string& frame_folder,
                const std::string& mask_folder);

std::string read_all(const std::string& path);
void write_all(const std::string& path, const std::string& text);
std::vector<std::string> lines_of(const std::string& path);
/// Names in a folder, sorted.
std::vector<std::string> names_in(const std::string& folder);

}  // namespace masklet::native::testing
