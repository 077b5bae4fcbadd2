#include "native/host/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace masklet::native {
namespace {

Error io_error(const std::string& path, const char* what) {
  return {ErrorCode::io_failed, "'" + path + "' " + what + ": " + std::strerror(errno)};
}

}  // namespace

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  const std::string draft = path + ".part-" + std::to_string(::getpid());
  const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) return io_error(path, "cannot be created");
  return AtomicFile(path, draft, descriptor);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      draft_(std::move(other.draft_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_) {}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  std::remove(draft_.c_str());
}

Status AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error(path_, "cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    size_ += static_cast<std::uint64_t>(written);
  }
  return {};
}

Status AtomicFile::shorten(std::uint64_t size) {
  const auto end = static_cast<off_t>(size);
  if (::ftruncate(descriptor_, end) != 0 || ::lseek(descriptor_, end, SEEK_SET) != end)
    return io_error(path_, "cannot be shortened");
  size_ = size;
  return {};
}

Status AtomicFile::commit() {
  const bool closed = ::close(std::exchange(descriptor_, -1)) == 0;
  if (closed && std::rename(draft_.c_str(), path_.c_str()) == 0) return {};
  const Error error = io_error(path_, "cannot be completed");
  std::remove(draft_.c_str());
  return error;
}

Status write_file(const std::string& path, std::span<const std::byte> bytes) {
  MASKLET_ASSIGN(AtomicFile file, AtomicFile::create(path));
  MASKLET_TRY(file.write(bytes));
  return file.commit();
}

}  // namespace masklet::native
