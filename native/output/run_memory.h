#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/budget/memory_account.h"
#include "core/tracking/feature_cache.h"

namespace masklet::native {

/// What a run holds and has held, for progress lines and summaries.
struct RunMemory {
  MemoryReport report;
  CacheUse cache;
};

/// The most memory that the process ever had resident.
std::uint64_t peak_resident_bytes();

/// The lines of a summary: the peak, what was given up for the limit, and the plan's warning, if any.
std::string memory_lines(const RunMemory& memory, const std::vector<std::string>& steps, const std::string& warning);

}  // namespace masklet::native
