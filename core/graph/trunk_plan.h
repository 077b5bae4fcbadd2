#pragma once

#include <vector>

#include "core/model/architecture.h"

namespace masklet {

/// One Hiera block's shape; the reference derives it while counting blocks.
struct TrunkBlock {
  int index = 0;
  int dim = 0;      ///< channels that come in
  int dim_out = 0;  ///< and go out
  int heads = 0;
  int window = 0;  ///< side of the attention windows; 0: global attention
  bool pools = false;  ///< halves the map
  bool ends_stage = false;
};

/// The trunk's blocks in order.
std::vector<TrunkBlock> trunk_plan(const Architecture& architecture);

inline int round_up(int x, int multiple) { return (x + multiple - 1) / multiple * multiple; }

}  // namespace masklet
