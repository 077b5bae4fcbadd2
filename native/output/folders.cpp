#include "native/output/folders.h"

#include <filesystem>

namespace masklet::native {

Status make_folder(const std::string& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (!failure && std::filesystem::is_directory(path, failure)) return {};
  return Error{ErrorCode::io_failed, "the folder '" + path + "' cannot be made: " +
                                         (failure ? failure.message() : "a file of that name is there") +
                                         "; choose another with -o"};
}

std::string last_name(const std::string& path) {
  const std::filesystem::path normal = std::filesystem::path(path).lexically_normal();
  return (normal.has_filename() ? normal : normal.parent_path()).filename().string();
}

}  // namespace masklet::native
