// Writes a SAM 2.1 with random weights as a .safetensors file, for what takes a checkpoint from a file.
//   bench_checkpoint FILE tiny|small|base_plus|large

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "core/model/recognise.h"
#include "core/weights/safetensors_writer.h"
#include "tools/bench/random_checkpoint.h"

int main(int argc, char** argv) {
  using namespace masklet;
  const auto models = published_models();
  const auto model = std::find_if(models.begin(), models.end(),
                                  [&](const PublishedModel& each) { return argc == 3 && each.size == std::string(argv[2]); });
  if (model == models.end()) {
    std::fprintf(stderr, "usage: bench_checkpoint FILE tiny|small|base_plus|large\n");
    return 2;
  }
  bench::RandomCheckpoint checkpoint(model->architecture);
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
