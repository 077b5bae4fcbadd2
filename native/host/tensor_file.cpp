#include "native/host/tensor_file.h"

#include "native/host/atomic_file.h"

namespace masklet::native {

Status write_tensors(const std::string& path, const TensorList& tensors) {
  MASKLET_ASSIGN(AtomicFile file, AtomicFile::create(path));
  MASKLET_TRY(write_safetensors(tensors, {}, [&](std::span<const std::byte> bytes) { return file.write(bytes); }));
  return file.commit();
}

}  // namespace masklet::native
