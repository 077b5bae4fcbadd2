#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/weights/byte_source.h"

namespace masklet {

/// What the central directory says about one file of an archive.
struct ZipEntry {
  std::uint64_t header_offset = 0;  ///< of the local header, from the start of the archive
  std::uint64_t stored_bytes = 0;   ///< as they lie in the archive
  std::uint64_t size_bytes = 0;     ///< after decompression
  std::uint16_t method = 0;         ///< 0: stored
  bool encrypted = false;
};

/// The files of a zip archive, zip64 included. Only the directory is read; contents stay in the source.
class ZipDirectory {
 public:
  /// Errors: corrupt_file where the directory is missing, cut or contradicts itself; unsupported_file for
  /// archives in several volumes or with a directory beyond 16 MiB.
  static Result<ZipDirectory> open(ByteSource& source);

  const std::map<std::string, ZipEntry, std::less<>>& entries() const { return entries_; }

  /// nullptr where the archive has no such file.
  const ZipEntry* find(std::string_view name) const;

  /// Where the contents of a stored file begin in the source; all of its bytes lie inside the source.
  /// Errors: unsupported_file where the file is compressed or encrypted, corrupt_file where its header is
  /// wrong.
  Result<std::uint64_t> locate(ByteSource& source, std::string_view name) const;

 private:
  std::map<std::string, ZipEntry, std::less<>> entries_;
  std::uint64_t directory_offset_ = 0;
};

}  // namespace masklet
