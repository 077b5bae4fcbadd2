#pragma once

#include <cstdio>
#include <string>

namespace masklet::native {

/// "00012.png": how DAVIS names the files of a sequence.
inline std::string numbered_png(int frame) {
  char name[32];
  std::snprintf(name, sizeof name, "%05d.png", frame);
  return name;
}

}  // namespace masklet::native
