#include "native/output/run_memory.h"

#include <sys/resource.h>

#include "core/budget/bytes.h"

namespace masklet::native {

std::uint64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::string memory_lines(const RunMemory& memory, const std::vector<std::string>& steps, const std::string& warning) {
  const std::uint64_t limit = memory.report.limit_bytes;
  std::string text = "memory: at most " + format_bytes(peak_resident_bytes());
  if (limit) text += " of " + format_bytes(limit);
  text += ", of which " + format_bytes(memory.report.total.peak) + " are accounted for";
  if (const std::uint64_t asked = memory.cache.hits + memory.cache.misses)
    text += "; features were there " + std::to_string(memory.cache.hits) + " of " + std::to_string(asked) + " times";
  text += "\n";
  for (const std::string& step : steps) text += "given up for the memory limit: " + step + "\n";
  if (!warning.empty()) text += "warning: " + warning + "\n";
  return text;
}

}  // namespace masklet::native
