#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "native/media/png_file.h"

namespace masklet::native {

/// One clip of which every frame is annotated.
struct DavisSequence {
  std::string name;
  std::string frames;                   ///< folder of its frames
  std::string masks;                    ///< folder of its annotations
  std::vector<std::string> mask_names;  ///< of the frames taken, in order: 00000.png, ...

  int frame_count() const { return static_cast<int>(mask_names.size()); }
  /// The first frame holds the prompt, and DAVIS leaves the last one out too.
  int first_scored() const { return 1; }
  int last_scored() const { return frame_count() - 2; }
};

/// Opens a folder laid out as DAVIS is, JPEGImages[/480p]/SEQ/00000.jpg and Annotations[/480p]/SEQ/00000.png,
/// or as `masklet synth` writes one, frames/00000.png and masks/00000.png: a single sequence, named after the
/// folder. `names` picks sequences; empty: all, in the order of the alphabet. `most_frames` takes only so
/// many of each from the start; 0: all. Errors: io_failed; unsupported_file for another layout, or frames
/// without annotations; invalid_argument for an unknown sequence, one named twice, or fewer than 3 frames.
Result<std::vector<DavisSequence>> open_davis(const std::string& folder,
                                              const std::vector<std::string>& names, int most_frames);

/// Object ids of a mask file: the indices of an indexed PNG; in a grey one whatever is not 0 is object 1, as
/// in DAVIS 2016. Errors: those of read_label_png.
Result<LabelImage> read_objects(const std::string& path);

}  // namespace masklet::native
