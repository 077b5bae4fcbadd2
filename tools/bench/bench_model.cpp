#include "tools/bench/bench_model.h"

#include <memory>

#include "core/model/recognise.h"
#include "tools/bench/must.h"
#include "tools/bench/random_checkpoint.h"

namespace masklet::bench {

native::OpenedModel open_bench_model(const std::string& model, int size) {
  for (const PublishedModel& published : published_models()) {
    if (published.size != model) continue;
    Architecture a = published.architecture;
    if (size) a.image_size = size;
    return {std::make_unique<RandomCheckpoint>(a), a};
  }
  native::ModelOptions options;
  options.path = model;
  options.image_size = size;
  return must(native::open_model(options));
}

}  // namespace masklet::bench
