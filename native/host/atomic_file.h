#pragma once

#include <cstdint>
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
  /// Takes back what was written after the first `size` bytes.
  Status shorten(std::uint64_t size);
  Status commit();

  /// Bytes written.
  std::uint64_t size() const { return size_; }

 private:
  AtomicFile(std::string path, std::string draft, int descriptor)
      : path_(std::move(path)), draft_(std::move(draft)), descriptor_(descriptor) {}

  std::string path_, draft_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

/// The whole of a file at once.
Status write_file(const std::string& path, std::span<const std::byte> bytes);

}  // namespace masklet::native
