// Writes SAM 2.1 tiny with random weights as a .safetensors file, for what times a checkpoint from a file.
//   bench_checkpoint FILE

#include <cstdio>
#include <fstream>

#include "core/model/recognise.h"
#include "core/weights/safetensors_writer.h"
#include "tools/bench/random_checkpoint.h"

int main(int argc, char** argv) {
  using namespace masklet;
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_checkpoint FILE\n");
    return 2;
  }
  bench::RandomCheckpoint checkpoint(published_models()[0].architecture);
  std::ofstream file(argv[1], std::ios::binary);
  const Status written = write_safetensors(
      std::span<const TensorInfo>(checkpoint.tensors()), {}, [&](std::size_t i) { return checkpoint.read(checkpoint.tensors()[i].name); },
      [&](std::span<const std::byte> bytes) -> Status {
        file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        if (file.flush()) return {};
        return Error{ErrorCode::io_failed, std::string("'") + argv[1] + "' cannot be written; is the disk full?"};
      });
  if (written) return 0;
  std::fprintf(stderr, "bench_checkpoint: %s\n", written.error().message.c_str());
  return 1;
}
