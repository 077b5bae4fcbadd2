#pragma once

#include <string>

#include "core/base/result.h"

namespace masklet::native {

/// Makes a folder and those above it; one that is there already stays as it is. Errors: io_failed.
Status make_folder(const std::string& path);

/// The last part of a path, whether or not it ends in a slash: how files name what they were made from.
std::string last_name(const std::string& path);

}  // namespace masklet::native
