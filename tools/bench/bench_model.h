#pragma once

#include <string>

#include "native/host/model_host.h"

namespace masklet::bench {

/// A published architecture (tiny, small, base_plus, large) with random weights, or a model folder on disk; `size`: its input
/// size, 0 for its own. Ends the program where it cannot be opened.
native::OpenedModel open_bench_model(const std::string& model, int size);

}  // namespace masklet::bench
