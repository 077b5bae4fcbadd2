#include "native/host/davis_dataset.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "native/host/mask_folder.h"
#include "native/media/frame_source.h"
#include "native/output/folders.h"

namespace masklet::native {
namespace {

namespace fs = std::filesystem;

constexpr int kFewestFrames = 3;  // the first and the last are not scored

bool is_folder(const fs::path& path) {
  std::error_code failure;
  return fs::is_directory(path, failure);
}

/// DAVIS has a folder for each resolution in between; copies of it often do not.
fs::path resolution_of(const fs::path& folder) {
  return is_folder(folder / "480p") ? folder / "480p" : folder;
}

Result<std::vector<std::string>> folders_in(const fs::path& folder) {
  std::error_code failure;
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
    if (is_folder(entry.path())) names.push_back(entry.path().filename().string());
  }
  if (failure)
    return Error{ErrorCode::io_failed, "'" + folder.string() + "' cannot be listed: " + failure.message()};
  std::sort(names.begin(), names.end());
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// Where the sequences of a dataset are, whichever layout it has.
struct Layout {
  std::vector<std::string> names;
  fs::path frames, masks;  // folders of the sequences' folders; of the one sequence itself where `single`
  bool single = false;

  fs::path frames_of(const std::string& name) const { return single ? frames : frames / name; }
  fs::path masks_of(const std::string& name) const { return single ? masks : masks / name; }
};

Result<Layout> layout_of(const std::string& folder) {
  const fs::path root = folder;
  if (!is_folder(root))
    return Error{ErrorCode::io_failed, "'" + folder + "' is not a folder; give one that holds a dataset"};
  if (is_folder(root / "JPEGImages") && is_folder(root / "Annotations")) {
    Layout layout{{}, resolution_of(root / "JPEGImages"), resolution_of(root / "Annotations"), false};
    MASKLET_ASSIGN(layout.names, folders_in(layout.frames));
    if (!layout.names.empty()) return layout;
    return Error{ErrorCode::unsupported_file, "'" + layout.frames.string() +
                                                  "' holds no sequences; it must have a folder of JPEG or "
                                                  "PNG frames for each"};
  }
  if (is_folder(root / "frames") && is_folder(root / "masks"))
    return Layout{{last_name(fs::absolute(root).string())}, root / "frames", root / "masks", true};
  return Error{
      ErrorCode::unsupported_file,
      "'" + folder +
          "' is no dataset; it must hold JPEGImages/SEQUENCE and Annotations/SEQUENCE as DAVIS does, "
          "or frames and masks as masklet synth writes them"};
}

Result<std::vector<std::string>> pick(const Layout& layout, const std::vector<std::string>& names) {
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (std::find(layout.names.begin(), layout.names.end(), *name) == layout.names.end())
      return Error{ErrorCode::invalid_argument,
                   "there is no sequence '" + *name + "'; the dataset has " + joined(layout.names)};
    if (std::find(names.begin(), name, *name) != name)
      return Error{ErrorCode::invalid_argument, "the sequence '" + *name + "' is given twice; give it once"};
  }
  return names.empty() ? layout.names : names;
}

bool has_frame(const fs::path& frames, const std::string& mask_name) {
  std::error_code failure;
  const std::string stem = fs::path(mask_name).stem().string();
  for (const char* extension : {".jpg", ".png", ".jpeg", ".JPG", ".PNG", ".JPEG"}) {
    if (fs::exists(frames / (stem + extension), failure)) return true;
  }
  return false;
}

/// Every frame has its annotation, by count and by name.
Status check_annotated(const DavisSequence& sequence) {
  const auto refuse = [&](const std::string& how) {
    return Error{ErrorCode::unsupported_file,
                 "the sequence '" + sequence.name + "' " + how +
                     "; every frame needs one of its name. --sequences leaves sequences out"};
  };
  if (!is_folder(sequence.masks)) return refuse("has no annotations in '" + sequence.masks + "'");
  MASKLET_ASSIGN(const std::unique_ptr<FrameSource> frames, open_frame_folder(sequence.frames, std::nullopt));
  if (frames->frame_count() != sequence.frame_count())
    return refuse("has " + std::to_string(frames->frame_count()) + " frames and " +
                  std::to_string(sequence.frame_count()) + " annotations");
  for (const std::string& name : sequence.mask_names) {
    if (!has_frame(sequence.frames, name)) return refuse("has an annotation " + name + " without a frame");
  }
  return {};
}

Result<DavisSequence> open_sequence(const Layout& layout, const std::string& name, int most_frames) {
  DavisSequence sequence{name, layout.frames_of(name).string(), layout.masks_of(name).string(), {}};
  if (is_folder(sequence.masks)) {
    MASKLET_ASSIGN(sequence.mask_names, mask_names(sequence.masks));
  }
  MASKLET_TRY(check_annotated(sequence));
  if (most_frames > 0 && sequence.frame_count() > most_frames) sequence.mask_names.resize(most_frames);
  if (sequence.frame_count() >= kFewestFrames) return sequence;
  return Error{ErrorCode::invalid_argument,
               "the sequence '" + name + "' has " + std::to_string(sequence.frame_count()) +
                   " frames; the first and the last are not scored, so at least " +
                   std::to_string(kFewestFrames) + " are needed"};
}

}  // namespace

Result<std::vector<DavisSequence>> open_davis(const std::string& folder,
                                              const std::vector<std::string>& names, int most_frames) {
  if (most_frames != 0 && most_frames < kFewestFrames)
    return Error{ErrorCode::invalid_argument, "--frames is " + std::to_string(most_frames) +
                                                  "; it must be at least " + std::to_string(kFewestFrames) +
                                                  ", as the first and the last are not scored"};
  MASKLET_ASSIGN(const Layout layout, layout_of(folder));
  MASKLET_ASSIGN(const std::vector<std::string> picked, pick(layout, names));
  std::vector<DavisSequence> sequences;
  for (const std::string& name : picked) {
    MASKLET_ASSIGN(sequences.emplace_back(), open_sequence(layout, name, most_frames));
  }
  return sequences;
}

Result<LabelImage> read_objects(const std::string& path) {
  MASKLET_ASSIGN(LabelImage image, read_label_png(path));
  if (!image.indexed) {
    for (std::uint8_t& label : image.labels) label = label != 0;
  }
  return image;
}

}  // namespace masklet::native
