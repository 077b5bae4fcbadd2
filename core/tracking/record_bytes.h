#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/model/architecture.h"
#include "core/tracking/state.h"

namespace masklet {

/// Bytes of one record as a store holds it, and about as many in memory.
std::size_t record_bytes(const Architecture& architecture);

/// A record as bytes, bit for bit; arrays that it lacks are marked and written as zeros. `bytes` holds
/// record_bytes().
void pack_record(const FrameRecord& record, const Architecture& architecture, std::span<std::byte> bytes);

/// What pack_record wrote.
FrameRecord unpack_record(std::span<const std::byte> bytes, const Architecture& architecture);

}  // namespace masklet
