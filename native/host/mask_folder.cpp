#include "native/host/mask_folder.h"

#include <algorithm>
#include <filesystem>

namespace masklet::native {

namespace fs = std::filesystem;

Result<std::vector<std::string>> mask_names(const std::string& folder) {
  std::error_code failure;
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
    if (entry.path().extension() == ".png") names.push_back(entry.path().filename().string());
  }
  if (failure) return Error{ErrorCode::io_failed, "'" + folder + "' cannot be listed: " + failure.message()};
  std::sort(names.begin(), names.end());
  return names;
}

Result<LabelImage> read_mask(const std::string& folder, const std::string& name) {
  return read_label_png((fs::path(folder) / name).string());
}

Status check_same_size(const std::string& name, const LabelImage& truth, const LabelImage& predicted) {
  if (truth.width == predicted.width && truth.height == predicted.height) return {};
  const auto size = [](const LabelImage& image) {
    return std::to_string(image.width) + " x " + std::to_string(image.height);
  };
  return Error{ErrorCode::invalid_argument, "mask " + name + " is " + size(predicted) + " and the true one " +
                                                size(truth) + "; masks to compare have one size"};
}

}  // namespace masklet::native
