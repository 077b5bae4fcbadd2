#include "core/weights/fingerprint.h"

#include <array>

#include "core/base/sha256.h"

namespace masklet {

Result<std::string> fingerprint(ByteSource& source) {
  constexpr std::uint64_t kPart = 64 * 1024;
  const std::uint64_t size = source.size();
  Sha256 sum;
  std::array<std::byte, 8> size_bytes;
  for (int i = 0; i < 8; ++i) size_bytes[i] = static_cast<std::byte>(size >> (8 * i));
  sum.update(size_bytes);
  std::vector<std::byte> part;
  const auto add = [&](std::uint64_t offset, std::uint64_t count) -> Status {
    part.resize(count);
    MASKLET_TRY(source.read(offset, part));
    sum.update(part);
    return {};
  };
  if (size <= 3 * kPart) {
    if (size > 0) MASKLET_TRY(add(0, size));
  } else {
    for (const std::uint64_t offset : {std::uint64_t{0}, (size - kPart) / 2, size - kPart})
      MASKLET_TRY(add(offset, kPart));
  }
  return sum.hex();
}

}  // namespace masklet
