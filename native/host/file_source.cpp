#include "native/host/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace masklet::native {
namespace {

Error io_error(const std::string& path, const char* what) {
  return {ErrorCode::io_failed, "'" + path + "' " + what + ": " + std::strerror(errno)};
}

class FileSource final : public ByteSource {
 public:
  FileSource(std::string path, int descriptor, std::uint64_t size)
      : path_(std::move(path)), descriptor_(descriptor), size_(size) {}
  ~FileSource() override { ::close(descriptor_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  std::uint64_t size() const override { return size_; }

  Status read(std::uint64_t offset, std::span<std::byte> out) override {
    while (!out.empty()) {
      const ssize_t got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return io_error(path_, "cannot be read");
      if (got == 0)
        return Error{ErrorCode::corrupt_file, "'" + path_ + "' ends at byte " + std::to_string(size_) + ", but " +
                                                  std::to_string(out.size()) + " more bytes were expected at " +
                                                  std::to_string(offset) + "; the file is cut short"};
      offset += static_cast<std::uint64_t>(got);
      out = out.subspan(static_cast<std::size_t>(got));
    }
    return {};
  }

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t size_;
};

}  // namespace

Result<std::shared_ptr<ByteSource>> open_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return io_error(path, "cannot be opened");
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return Error{ErrorCode::io_failed, "'" + path + "' is not a regular file"};
  }
  return std::shared_ptr<ByteSource>(
      std::make_shared<FileSource>(path, descriptor, static_cast<std::uint64_t>(status.st_size)));
}

Result<std::string> read_text_file(const std::string& path, std::uint64_t limit_bytes) {
  MASKLET_ASSIGN(const std::shared_ptr<ByteSource> source, open_file(path));
  if (source->size() > limit_bytes)
    return Error{ErrorCode::out_of_memory, "'" + path + "' holds " + std::to_string(source->size()) +
                                               " bytes; at most " + std::to_string(limit_bytes) + " are read at once"};
  std::string text(source->size(), '\0');
  MASKLET_TRY(source->read(0, std::as_writable_bytes(std::span(text))));
  return text;
}

}  // namespace masklet::native
