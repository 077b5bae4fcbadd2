// Any bytes as a .safetensors file, and as its header alone: nothing but errors may come of them, and what
// opens can be written and opens again.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/weights/safetensors_reader.h"
#include "core/weights/safetensors_writer.h"

using namespace masklet;

namespace {

void open(std::vector<std::byte> bytes) {
  auto file = SafetensorsFile::open(std::make_shared<MemorySource>(std::move(bytes)));
  if (!file) return;
  for (const TensorInfo& info : (*file)->tensors()) static_cast<void>((*file)->read_f32(info.name).ok());
  std::vector<std::byte> copy;
  const std::vector<TensorInfo> infos = (*file)->tensors();
  const Status written = write_safetensors(
      infos, (*file)->metadata(), [&](std::size_t index) { return (*file)->read(infos[index].name); },
      [&](std::span<const std::byte> part) {
        copy.insert(copy.end(), part.begin(), part.end());
        return Status();
      });
  if (!written) return;  // names that are empty once prefixes are removed
  const auto again = SafetensorsFile::open(std::make_shared<MemorySource>(std::move(copy)));
  if (!again || (*again).get()->tensors() != infos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span<const std::uint8_t>(data, size));
  open({bytes.begin(), bytes.end()});
  // Again with a header length that fits, which is hard to guess.
  const std::uint64_t header = size / 2;
  std::vector<std::byte> framed;
  const auto length = std::as_bytes(std::span<const std::uint64_t>(&header, 1));
  framed.insert(framed.end(), length.begin(), length.end());
  framed.insert(framed.end(), bytes.begin(), bytes.end());
  open(std::move(framed));
  return 0;
}
