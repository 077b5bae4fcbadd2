#include "core/graph/trunk_plan.h"

#include <algorithm>

namespace masklet {

std::vector<TrunkBlock> trunk_plan(const Architecture& a) {
  std::vector<TrunkBlock> blocks;
  int dim = a.embed_dim, heads = a.num_heads, index = 0;
  for (std::size_t stage = 0; stage < a.stages.size(); ++stage) {
    for (int i = 0; i < a.stages[stage]; ++i, ++index) {
      // The first block of a stage still uses the windows of the stage before.
      const bool starts_stage = stage > 0 && i == 0;
      TrunkBlock block{index, dim, dim, heads, a.window_spec[starts_stage ? stage - 1 : stage], false,
                       i + 1 == a.stages[stage]};
      if (starts_stage) {
        block.dim_out = dim * 2;
        block.heads = heads = static_cast<int>(heads * a.head_mul);
        block.pools = static_cast<int>(stage) <= a.backbone_q_pool;
        dim = block.dim_out;
      }
      if (std::find(a.global_att_blocks.begin(), a.global_att_blocks.end(), index) != a.global_att_blocks.end())
        block.window = 0;
      blocks.push_back(block);
    }
  }
  return blocks;
}

}  // namespace masklet
