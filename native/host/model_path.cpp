#include "native/host/model_path.h"

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace masklet::native {

namespace fs = std::filesystem;

Result<std::string> find_model(const std::string& name) {
  std::error_code failure;
  const auto holds_weights = [&](const fs::path& folder) {
    return fs::exists(folder / "model.safetensors", failure);
  };
  const bool here = fs::exists(name, failure);
  const bool is_name = !name.empty() && name.find('/') == std::string::npos;
  // A folder that only happens to be called like a model that comes with masklet does not hide it.
  if (here && !(is_name && fs::is_directory(name, failure) && !holds_weights(name))) return name;
  Error absent{ErrorCode::io_failed, "the model '" + name + "' is no file and no folder"};
  if (!is_name) return absent;

  std::vector<fs::path> folders;
  if (const char* chosen = std::getenv("MASKLET_MODELS")) folders.emplace_back(chosen);
  const fs::path program = fs::read_symlink("/proc/self/exe", failure);
  if (!failure) folders.push_back(program.parent_path().parent_path() / "share/masklet/models");
  folders.emplace_back(MASKLET_SOURCE_MODELS);
  for (const fs::path& folder : folders) {
    if (holds_weights(folder / name)) return (folder / name).string();
    absent.message += (&folder == &folders.front() ? ", nor in " : ", ") + folder.string();
  }
  if (here) return name;  // loading it says what it lacks
  absent.message += "; give the path of a checkpoint, or nano for the model that comes with masklet";
  return absent;
}

}  // namespace masklet::native
