// Any bytes as a .pt file, and as a bare pickle: nothing but errors may come of them.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/weights/checkpoint.h"
#include "core/weights/pickle_machine.h"
#include "core/weights/torch_checkpoint.h"

using namespace masklet;

namespace {

constexpr std::size_t kTensorsRead = 64;

void read_all(Result<std::unique_ptr<Checkpoint>> checkpoint) {
  if (!checkpoint) return;
  std::size_t count = 0;
  for (const TensorInfo& info : (*checkpoint)->tensors()) {
    if (++count > kTensorsRead) return;
    static_cast<void>((*checkpoint)->read_f32(info.name).ok());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span<const std::uint8_t>(data, size));
  const auto source = std::make_shared<MemorySource>(std::vector<std::byte>(bytes.begin(), bytes.end()));
  read_all(open_checkpoint(source));
  read_all(open_legacy_torch_checkpoint(source));
  PickleHeap heap;
  std::size_t position = 0;
  static_cast<void>(run_pickle(bytes, position, heap).ok());
  return 0;
}
