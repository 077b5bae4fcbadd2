#pragma once

#include <string>
#include <vector>

#include "native/media/png_file.h"

namespace masklet::native {

// A folder of mask files, 00000.png and on, as DAVIS has them.

/// The names of its PNG files, sorted. Errors: io_failed.
Result<std::vector<std::string>> mask_names(const std::string& folder);

/// One of them. Errors: those of read_label_png.
Result<LabelImage> read_mask(const std::string& folder, const std::string& name);

/// Errors: invalid_argument, naming both sizes.
Status check_same_size(const std::string& name, const LabelImage& truth, const LabelImage& predicted);

}  // namespace masklet::native
