#pragma once

#include <string>

#include "core/base/result.h"

namespace masklet::native {

/// The file or folder that a model option means: a path as it is, unless it is a folder without
/// weights; else the model of that name that comes with masklet, looked for in $MASKLET_MODELS,
/// in share/masklet/models beside the program's folder, and in the source tree it was built from.
/// Errors: io_failed, saying where it was looked for.
Result<std::string> find_model(const std::string& name);

}  // namespace masklet::native
