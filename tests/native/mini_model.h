#pragma once

#include "native/host/model_host.h"

namespace masklet::native::testing {

/// The small random model of the golden cases, on one thread.
inline ModelOptions mini_model() {
  ModelOptions options;
  options.path = MASKLET_FIXTURES "/golden/mini.safetensors";
  options.architecture_path = MASKLET_FIXTURES "/golden/model.json";
  options.runtime.threads = 1;
  return options;
}

}  // namespace masklet::native::testing
