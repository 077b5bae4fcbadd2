#include "native/host/file_record_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace masklet::native {
namespace {

Error io_error(const std::string& folder, const char* what) {
  return {ErrorCode::io_failed,
          "the tracked frames' file in '" + folder + "' " + what + ": " + std::strerror(errno) +
              "; free space there or choose another folder"};
}

Result<int> open_nameless(const std::string& folder) {
  std::string pattern = folder + "/masklet-track-XXXXXX";
  const int descriptor = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (descriptor < 0) return io_error(folder, "cannot be made");
  ::unlink(pattern.c_str());
  return descriptor;
}

}  // namespace

Result<std::unique_ptr<FileRecordStore>> FileRecordStore::create(const std::string& folder) {
  // Whether files can be made is known before the first one is needed.
  MASKLET_ASSIGN(const int descriptor, open_nameless(folder));
  ::close(descriptor);
  return std::unique_ptr<FileRecordStore>(new FileRecordStore(folder));
}

FileRecordStore::~FileRecordStore() {
  for (const auto& [object, descriptor] : descriptors_) ::close(descriptor);
}

Result<int> FileRecordStore::descriptor_of(int object) {
  if (const auto it = descriptors_.find(object); it != descriptors_.end()) return it->second;
  MASKLET_ASSIGN(const int descriptor, open_nameless(folder_));
  descriptors_[object] = descriptor;
  return descriptor;
}

Status FileRecordStore::write(int object, int frame, std::span<const std::byte> record) {
  MASKLET_ASSIGN(const int descriptor, descriptor_of(object));
  auto offset = static_cast<off_t>(frame) * static_cast<off_t>(record.size());
  while (!record.empty()) {
    const ssize_t put = ::pwrite(descriptor, record.data(), record.size(), offset);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return io_error(folder_, "cannot be written");
    offset += put;
    record = record.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Status FileRecordStore::read(int object, int frame, std::span<std::byte> record) {
  MASKLET_ASSIGN(const int descriptor, descriptor_of(object));
  auto offset = static_cast<off_t>(frame) * static_cast<off_t>(record.size());
  while (!record.empty()) {
    const ssize_t got = ::pread(descriptor, record.data(), record.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(folder_, "cannot be read");
    if (got == 0)
      return Error{ErrorCode::io_failed, "the tracked frames' file in '" + folder_ + "' has no frame " +
                                             std::to_string(frame) + " of object " + std::to_string(object)};
    offset += got;
    record = record.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

void FileRecordStore::forget(int object) {
  const auto it = descriptors_.find(object);
  if (it == descriptors_.end()) return;
  ::close(it->second);
  descriptors_.erase(it);
}

}  // namespace masklet::native
