#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace masklet {

/// "512 MiB", "1.25 GiB", "96 KiB", "17 bytes": at most two decimals, none beyond what they say.
std::string format_bytes(std::uint64_t bytes);

/// Reads "512MiB", "2.5 GiB", "1500MB", "805306368": a number with at most one point, and B, KiB, MiB, GiB,
/// TiB (powers of 1024) or KB, MB, GB, TB (powers of 1000) in any case; without a unit it is bytes. `name` is
/// what the text was given for. Errors: invalid_argument, also for 0 and for what 64 bits do not hold.
Result<std::uint64_t> parse_bytes(std::string_view text, std::string_view name);

}  // namespace masklet
