#include "core/weights/byte_source.h"

#include <cstring>

namespace masklet {

Status MemorySource::read(std::uint64_t offset, std::span<std::byte> out) {
  if (offset > bytes_.size() || out.size() > bytes_.size() - offset) {
    return Error{ErrorCode::corrupt_file, "read of " + std::to_string(out.size()) + " bytes at " +
                                              std::to_string(offset) + " goes past the end at " +
                                              std::to_string(bytes_.size()) + "; the file is cut short"};
  }
  if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
  return {};
}

}  // namespace masklet
