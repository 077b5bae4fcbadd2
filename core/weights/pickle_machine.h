#pragma once

#include <cstddef>
#include <span>

#include "core/base/result.h"
#include "core/weights/pickle_values.h"

namespace masklet {

/// Runs one pickle of protocol 2 to 5 from `position` on, up to its STOP, and moves `position` behind it.
/// Only the opcodes that data needs exist; no name is imported and no code is run (pickle_globals.h has the
/// few constructors there are). Memory stays within a small multiple of the bytes; nothing recurses.
///
/// Errors: unsafe_pickle naming the opcode or global that is not allowed, corrupt_file naming the position
/// where the pickle is cut or contradicts itself, unsupported_file beyond a million values.
Result<PickleValue> run_pickle(std::span<const std::byte> bytes, std::size_t& position, PickleHeap& heap);

}  // namespace masklet
