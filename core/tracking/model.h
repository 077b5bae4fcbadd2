#pragma once

#include "core/base/result.h"
#include "core/model/architecture.h"
#include "core/tracking/mask_selection.h"
#include "core/weights/checkpoint.h"

namespace masklet {

/// What core needs of a model while tracking; the networks themselves are with the host.
struct Model {
  Architecture architecture;
  ModelConstants constants;
};

/// Reads the constants. Errors: weights_mismatch.
Result<Model> load_model(const Architecture& architecture, Checkpoint& checkpoint);

}  // namespace masklet
