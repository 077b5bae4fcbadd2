#include "core/weights/zip_directory.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/weights/little_endian.h"
#include "core/weights/quote_name.h"

namespace masklet {
namespace {

// Signatures and fixed sizes of the records in PKWARE's APPNOTE, sections 4.3.7 to 4.3.16.
constexpr std::uint32_t kLocalSignature = 0x04034b50, kEntrySignature = 0x02014b50,
                        kEndSignature = 0x06054b50;
constexpr std::uint32_t kEnd64Signature = 0x06064b50, kLocatorSignature = 0x07064b50;
constexpr std::size_t kLocalBytes = 30, kEntryBytes = 46, kEndBytes = 22, kEnd64Bytes = 56,
                      kLocatorBytes = 20;
constexpr std::size_t kMaxComment = 0xffff;
constexpr std::uint64_t kMaxDirectoryBytes = 16u << 20;
constexpr std::uint16_t kZip64Extra = 0x0001;

Error corrupt(const std::string& what) {
  return {ErrorCode::corrupt_file, "not a whole zip archive: " + what + ". Download or copy the file again"};
}

struct End {
  std::uint64_t entries, directory_bytes, directory_offset;
  std::uint64_t position;  ///< of the first record behind the directory
};

Result<std::vector<std::byte>> read_bytes(ByteSource& source, std::uint64_t offset, std::size_t count) {
  std::vector<std::byte> bytes(count);
  MASKLET_TRY(source.read(offset, bytes));
  return bytes;
}

/// The zip64 end record, if its locator stands before the end record at `end_position`.
Result<std::optional<End>> find_end64(ByteSource& source, std::uint64_t end_position) {
  if (end_position < kLocatorBytes) return std::optional<End>();
  MASKLET_ASSIGN(const auto locator, read_bytes(source, end_position - kLocatorBytes, kLocatorBytes));
  if (load_little_endian<std::uint32_t>(locator, 0) != kLocatorSignature) return std::optional<End>();
  const auto position = load_little_endian<std::uint64_t>(locator, 8);
  if (end_position < kLocatorBytes + kEnd64Bytes || position > end_position - kLocatorBytes - kEnd64Bytes)
    return corrupt("its zip64 end record would lie at byte " + std::to_string(position));
  MASKLET_ASSIGN(const auto record, read_bytes(source, position, kEnd64Bytes));
  if (load_little_endian<std::uint32_t>(record, 0) != kEnd64Signature)
    return corrupt("there is no zip64 end record at byte " + std::to_string(position));
  return std::optional<End>(End{load_little_endian<std::uint64_t>(record, 32),
                                load_little_endian<std::uint64_t>(record, 40),
                                load_little_endian<std::uint64_t>(record, 48), position});
}

Result<End> find_end(ByteSource& source) {
  const std::uint64_t size = source.size();
  if (size < kEndBytes) return corrupt("it has only " + std::to_string(size) + " bytes");
  const auto tail_bytes = static_cast<std::size_t>(std::min<std::uint64_t>(size, kEndBytes + kMaxComment));
  MASKLET_ASSIGN(const auto tail, read_bytes(source, size - tail_bytes, tail_bytes));
  for (std::size_t at = tail_bytes - kEndBytes + 1; at-- > 0;) {
    if (load_little_endian<std::uint32_t>(tail, at) != kEndSignature) continue;
    // The comment must reach the end of the file exactly, or this is no end record but some file's contents.
    if (at + kEndBytes + load_little_endian<std::uint16_t>(tail, at + 20) != tail_bytes) continue;
    const std::uint64_t position = size - tail_bytes + at;
    MASKLET_ASSIGN(const std::optional<End> end64, find_end64(source, position));
    if (end64) return *end64;
    const auto disk = load_little_endian<std::uint16_t>(tail, at + 4);
    if (disk != 0 || load_little_endian<std::uint16_t>(tail, at + 6) != 0)
      return Error{ErrorCode::unsupported_file, "the zip archive is split into volumes (this is volume " +
                                                    std::to_string(disk) + "); join them into one file"};
    return End{load_little_endian<std::uint16_t>(tail, at + 10),
               load_little_endian<std::uint32_t>(tail, at + 12),
               load_little_endian<std::uint32_t>(tail, at + 16), position};
  }
  return corrupt("the directory at its end is missing; the file is probably cut short");
}

/// Replaces the fields that did not fit 32 bits by those of the zip64 extra field. False where it lacks them.
bool widen(std::span<const std::byte> extra, ZipEntry& entry) {
  std::uint64_t* const fields[] = {&entry.size_bytes, &entry.stored_bytes, &entry.header_offset};
  bool wide = false;
  for (const std::uint64_t* field : fields) wide = wide || *field == 0xffffffffu;
  if (!wide) return true;
  for (std::size_t at = 0; extra.size() - at >= 4;) {
    const auto id = load_little_endian<std::uint16_t>(extra, at);
    const std::size_t bytes = load_little_endian<std::uint16_t>(extra, at + 2);
    at += 4;
    if (bytes > extra.size() - at) return false;
    if (id == kZip64Extra) {
      std::size_t used = 0;
      for (std::uint64_t* field : fields) {
        if (*field != 0xffffffffu) continue;
        if (used + 8 > bytes) return false;
        *field = load_little_endian<std::uint64_t>(extra, at + used);
        used += 8;
      }
      return true;
    }
    at += bytes;
  }
  return false;
}

}  // namespace

Result<ZipDirectory> ZipDirectory::open(ByteSource& source) {
  MASKLET_ASSIGN(const End end, find_end(source));
  if (end.directory_offset > end.position || end.directory_bytes > end.position - end.directory_offset) {
    return corrupt("its directory of " + std::to_string(end.directory_bytes) + " bytes at " +
                   std::to_string(end.directory_offset) + " does not fit before byte " +
                   std::to_string(end.position));
  }
  if (end.directory_bytes > kMaxDirectoryBytes) {
    return Error{ErrorCode::unsupported_file, "the zip directory has " + std::to_string(end.directory_bytes) +
                                                  " bytes; masklet reads up to " +
                                                  std::to_string(kMaxDirectoryBytes) +
                                                  ". Is this a SAM 2 checkpoint?"};
  }
  MASKLET_ASSIGN(const auto bytes,
                 read_bytes(source, end.directory_offset, static_cast<std::size_t>(end.directory_bytes)));

  ZipDirectory directory;
  directory.directory_offset_ = end.directory_offset;
  const std::span<const std::byte> all(bytes);
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < end.entries; ++i) {
    const std::string number = "directory entry " + std::to_string(i);
    if (all.size() - at < kEntryBytes || load_little_endian<std::uint32_t>(all, at) != kEntrySignature)
      return corrupt(number + " of " + std::to_string(end.entries) + " is missing");
    const std::size_t name_bytes = load_little_endian<std::uint16_t>(all, at + 28);
    const std::size_t extra_bytes = load_little_endian<std::uint16_t>(all, at + 30);
    const std::size_t entry_bytes =
        kEntryBytes + name_bytes + extra_bytes + load_little_endian<std::uint16_t>(all, at + 32);
    if (all.size() - at < entry_bytes) return corrupt(number + " is cut short");

    ZipEntry entry;
    entry.encrypted = load_little_endian<std::uint16_t>(all, at + 8) & 1;
    entry.method = load_little_endian<std::uint16_t>(all, at + 10);
    entry.stored_bytes = load_little_endian<std::uint32_t>(all, at + 20);
    entry.size_bytes = load_little_endian<std::uint32_t>(all, at + 24);
    entry.header_offset = load_little_endian<std::uint32_t>(all, at + 42);
    if (!widen(all.subspan(at + kEntryBytes + name_bytes, extra_bytes), entry))
      return corrupt(number + " lacks its zip64 sizes");
    std::string name(reinterpret_cast<const char*>(all.data() + at + kEntryBytes), name_bytes);
    if (!directory.entries_.emplace(name, entry).second)
      return corrupt("it holds two files named " + quote_name(name));
    at += entry_bytes;
  }
  return directory;
}

const ZipEntry* ZipDirectory::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

Result<std::uint64_t> ZipDirectory::locate(ByteSource& source, std::string_view name) const {
  const std::string label = quote_name(name);
  const ZipEntry* entry = find(name);
  if (!entry) return corrupt("it has no file " + label);
  if (entry->encrypted || entry->method != 0) {
    return Error{
        ErrorCode::unsupported_file,
        label + " is " +
            (entry->encrypted ? "encrypted" : "compressed (method " + std::to_string(entry->method) + ")") +
            " in the archive; masklet reads stored files, as torch.save writes them. Load the checkpoint in "
            "PyTorch and torch.save it again, or repack the archive with `zip -0`"};
  }
  if (entry->stored_bytes != entry->size_bytes)
    return corrupt(label + " is stored in " + std::to_string(entry->stored_bytes) + " bytes but has " +
                   std::to_string(entry->size_bytes));
  if (directory_offset_ < kLocalBytes || entry->header_offset > directory_offset_ - kLocalBytes)
    return corrupt("the header of " + label + " would lie at byte " + std::to_string(entry->header_offset));
  std::byte header[kLocalBytes];
  MASKLET_TRY(source.read(entry->header_offset, header));
  if (load_little_endian<std::uint32_t>(header, 0) != kLocalSignature)
    return corrupt("there is no header of " + label + " at byte " + std::to_string(entry->header_offset));
  const std::uint64_t begin = entry->header_offset + kLocalBytes +
                              load_little_endian<std::uint16_t>(header, 26) +
                              load_little_endian<std::uint16_t>(header, 28);
  if (begin > directory_offset_ || entry->stored_bytes > directory_offset_ - begin)
    return corrupt(label + " of " + std::to_string(entry->stored_bytes) + " bytes at " +
                   std::to_string(begin) + " runs into the directory at " +
                   std::to_string(directory_offset_));
  return begin;
}

}  // namespace masklet
