#include "core/output/shortest.h"

#include <cstdio>
#include <cstdlib>

namespace masklet {

double shortest(float value) {
  // The fewest digits, at most 9, that read back. std::to_chars would say it at once, but not every standard
  // library that core is built with has it for floats.
  char text[32];
  for (int digits = 1; digits < 9; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, static_cast<double>(value));
    if (std::strtof(text, nullptr) == value) return std::strtod(text, nullptr);
  }
  std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
  return std::strtod(text, nullptr);
}

}  // namespace masklet
