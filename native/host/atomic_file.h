#pragma once

#include <span>
#include <string>

#include "core/base/result.h"

namespace masklet::native {

/// A file that appears whole under its name, or not at all: bytes go to a neighbour that commit() renames.
class AtomicFile {
 public:
  /// Errors: io_failed, naming the path and the system's reason.
  static Result<AtomicFile> create(const std::string& path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();  // removes what was not committed

  Status write(std::span<const std::byte> bytes);
  Status commit();

 private:
  AtomicFile(std::string path, std::string draft, int descriptor)
      : path_(std::move(path)), draft_(std::move(draft)), descriptor_(descriptor) {}

  std::string path_, draft_;
  int descriptor_;
};

/// The whole of a file at once.
Status write_file(const std::string& path, std::span<const std::byte> bytes);

}  // namespace masklet::native
