#include "core/model/architecture.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/tensor.h"

namespace masklet {
namespace {

// Far beyond every published model; they keep a mistyped or hostile model.json from asking for terabytes.
constexpr int kMaxImageSize = 4096, kMaxWidth = 4096, kMaxBlocks = 256, kMaxLayers = 64, kMaxMemories = 256;
constexpr int kMaxFeedForward = 65536, kMaxHeads = 64, kMaxBackground = 256;

constexpr int kStages = 4;
constexpr int kLargestStride = 32;
constexpr int kPatchStride = 4;

std::string shown(const std::vector<int>& list) {
  return to_string(Shape(list.begin(), list.end()));
}

Error broken(const std::string& key, const std::string& value, const std::string& rule) {
  return {ErrorCode::invalid_argument, "architecture: " + key + " is " + value + ", but " + rule};
}

Status in_range(const std::string& key, int value, int least, int most) {
  if (value >= least && value <= most) return {};
  return broken(key, std::to_string(value),
                "it must lie between " + std::to_string(least) + " and " + std::to_string(most));
}

Status check_ranges(const Architecture& a) {
  MASKLET_TRY(in_range("image_size", a.image_size, kLargestStride, kMaxImageSize));
  MASKLET_TRY(in_range("embed_dim", a.embed_dim, 1, kMaxWidth));
  MASKLET_TRY(in_range("num_heads", a.num_heads, 1, kMaxHeads));
  MASKLET_TRY(in_range("d_model", a.d_model, 1, kMaxWidth));
  MASKLET_TRY(in_range("mem_dim", a.mem_dim, 1, kMaxWidth));
  MASKLET_TRY(in_range("num_maskmem", a.num_maskmem, 1, kMaxMemories));
  MASKLET_TRY(in_range("memory_attention_layers", a.memory_attention_layers, 1, kMaxLayers));
  MASKLET_TRY(
      in_range("memory_attention_dim_feedforward", a.memory_attention_dim_feedforward, 1, kMaxFeedForward));
  for (int side : a.window_pos_embed_bkg_spatial_size)
    MASKLET_TRY(in_range("window_pos_embed_bkg_spatial_size", side, 1, kMaxBackground));
  for (const auto& [key, list] : {std::pair{"stages", &a.stages}, std::pair{"window_spec", &a.window_spec}}) {
    if (list->size() != kStages)
      return broken(key, shown(*list), "a SAM 2 trunk has 4 stages: give 4 numbers");
    for (int value : *list) MASKLET_TRY(in_range(key, value, 1, kMaxBlocks));
  }
  if (a.block_count() > kMaxBlocks)
    return broken("stages", shown(a.stages),
                  "at most " + std::to_string(kMaxBlocks) + " blocks are supported");
  if (!(a.rope_theta > 1.0) || !std::isfinite(a.rope_theta))
    return broken("rope_theta", std::to_string(a.rope_theta), "it must be a finite number above 1");
  if (!std::isfinite(a.sigmoid_scale_for_mem_enc) || !std::isfinite(a.sigmoid_bias_for_mem_enc))
    return broken("sigmoid_scale_for_mem_enc or sigmoid_bias_for_mem_enc", "not finite",
                  "masks are scaled by it");
  if (!(a.head_mul >= 1.0) || !(a.head_mul <= kMaxHeads))
    return broken("head_mul", std::to_string(a.head_mul),
                  "it must lie between 1 and " + std::to_string(kMaxHeads));
  return {};
}

/// Heads must divide the width in every stage; the reference multiplies and truncates at each.
Status check_heads(const Architecture& a) {
  int heads = a.num_heads;
  for (int stage = 0; stage < kStages; ++stage) {
    const int width = a.embed_dim << stage;
    if (stage > 0) heads = static_cast<int>(heads * a.head_mul);
    if (heads > width || width % heads != 0) {
      return broken("num_heads", std::to_string(a.num_heads),
                    "its " + std::to_string(heads) + " heads in stage " + std::to_string(stage + 1) +
                        " do not divide the width " + std::to_string(width) +
                        "; choose num_heads and head_mul that do");
    }
  }
  return {};
}

Status check_windows(const Architecture& a) {
  const int first = a.window_spec.front();
  if (a.image_size / kPatchStride % first != 0) {
    return broken(
        "window_spec", shown(a.window_spec),
        "its first window must divide image_size / 4 = " + std::to_string(a.image_size / kPatchStride) +
            ", or the window position embedding does not tile the map");
  }
  // A pooling block still uses the window of the stage before it, and halves it.
  for (int stage = 0; stage < a.backbone_q_pool; ++stage) {
    if (a.window_spec[stage] % 2 != 0) {
      return broken("window_spec", shown(a.window_spec),
                    "window " + std::to_string(a.window_spec[stage]) + " of stage " +
                        std::to_string(stage + 1) + " must be even, because the next stage pools it");
    }
  }
  return {};
}

Status check_global_blocks(const Architecture& a) {
  std::vector<int> seen;
  for (int block : a.global_att_blocks) {
    if (block < 0 || block >= a.block_count() || std::find(seen.begin(), seen.end(), block) != seen.end()) {
      return broken("global_att_blocks", shown(a.global_att_blocks),
                    "block " + std::to_string(block) + " comes twice or is not among the blocks 0 to " +
                        std::to_string(a.block_count() - 1) + " that stages give");
    }
    seen.push_back(block);
  }
  int start = 0;
  for (int stage = 1; stage <= a.backbone_q_pool; ++stage) {
    start += a.stages[stage - 1];
    if (std::find(seen.begin(), seen.end(), start) != seen.end()) {
      return broken("global_att_blocks", shown(a.global_att_blocks),
                    "block " + std::to_string(start) + " begins stage " + std::to_string(stage + 1) +
                        " and pools a window, so it cannot be global");
    }
  }
  return {};
}

Status check_neck(const Architecture& a) {
  const int e = a.embed_dim;
  const std::vector<int> channels = {8 * e, 4 * e, 2 * e, e};
  if (a.backbone_channel_list != channels) {
    return broken("backbone_channel_list", shown(a.backbone_channel_list),
                  "embed_dim " + std::to_string(e) + " gives [8e, 4e, 2e, e] = " + shown(channels));
  }
  if (a.neck_scalp != 1)
    return broken("neck_scalp", std::to_string(a.neck_scalp),
                  "it must be 1: memory and decoder work on the stride-16 map, the last but one");
  std::vector<int> seen;
  for (int level : a.fpn_top_down_levels) {
    if (level < 0 || level >= kStages || std::find(seen.begin(), seen.end(), level) != seen.end())
      return broken("fpn_top_down_levels", shown(a.fpn_top_down_levels),
                    "it must hold different levels between 0 and 3");
    seen.push_back(level);
  }
  return {};
}

Status check_widths(const Architecture& a) {
  if (a.d_model % 16 != 0)
    return broken("d_model", std::to_string(a.d_model),
                  "it must be a multiple of 16: the decoder's 8 heads attend over d_model / 2");
  if (a.d_model % a.mem_dim != 0)
    return broken(
        "mem_dim", std::to_string(a.mem_dim),
        "it must divide d_model = " + std::to_string(a.d_model) + ": a pointer is split into memory tokens");
  if (a.mem_dim % 4 != 0)
    return broken("mem_dim", std::to_string(a.mem_dim),
                  "it must be a multiple of 4: positions are sines and cosines of x and of y");
  return {};
}

}  // namespace

int Architecture::block_count() const {
  return std::accumulate(stages.begin(), stages.end(), 0);
}

Status validate(const Architecture& a) {
  MASKLET_TRY(check_ranges(a));
  if (a.image_size % kLargestStride != 0)
    return broken("image_size", std::to_string(a.image_size),
                  "it must be a multiple of 32, the stride of the deepest feature map");
  if (a.backbone_q_pool != kStages - 1)
    return broken("backbone_q_pool", std::to_string(a.backbone_q_pool),
                  "it must be 3: every stage after the first halves the map, for strides 4, 8, 16 and 32");
  MASKLET_TRY(check_heads(a));
  MASKLET_TRY(check_windows(a));
  MASKLET_TRY(check_global_blocks(a));
  MASKLET_TRY(check_neck(a));
  return check_widths(a);
}

}  // namespace masklet
