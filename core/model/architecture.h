#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace masklet {

/// The shape of a SAM 2, as model.json holds it. Defaults are SAM 2.1 tiny's. Names follow the reference
/// configuration; `image_size` is S, the side of the square network input in pixels.
struct Architecture {
  int image_size = 1024;

  // Hiera trunk.
  int embed_dim = 96;
  int num_heads = 1;
  std::vector<int> stages = {1, 2, 7, 2};
  std::vector<int> global_att_blocks = {5, 7, 9};
  std::array<int, 2> window_pos_embed_bkg_spatial_size = {7, 7};
  std::vector<int> window_spec = {8, 4, 14, 7};
  int backbone_q_pool = 3;
  double head_mul = 2.0;

  // FPN neck.
  std::vector<int> backbone_channel_list = {768, 384, 192, 96};
  std::vector<int> fpn_top_down_levels = {2, 3};
  int neck_scalp = 1;
  int d_model = 256;

  // Memory.
  int mem_dim = 64;
  int num_maskmem = 7;
  int memory_attention_layers = 4;
  int memory_attention_dim_feedforward = 2048;
  double rope_theta = 10000.0;
  double sigmoid_scale_for_mem_enc = 20.0;
  double sigmoid_bias_for_mem_enc = -10.0;

  // What SAM 2.0 lacks; told by the tensors that are present, so model.json holds them only where they are
  // false.
  bool no_object_memory_embedding = true;  ///< no_obj_embed_spatial
  bool pointer_time_encoding = true;       ///< obj_ptr_tpos_proj

  /// Sides of the three feature maps: stride 16 (tokens), and the stride 4 and 8 high-resolution maps.
  int feature_size() const { return image_size / 16; }
  int feature_tokens() const { return feature_size() * feature_size(); }
  /// Side of the mask logits, S / 4.
  int low_res_size() const { return image_size / 4; }
  /// Memory tokens that one object pointer becomes.
  int tokens_per_pointer() const { return d_model / mem_dim; }
  int block_count() const;

  bool operator==(const Architecture&) const = default;
};

/// Checks that the parts fit each other, as the networks need. Errors: invalid_argument, naming the key, its
/// value and the rule.
Status validate(const Architecture& architecture);

/// Reads model.json: an object with every key above, and none other. The two that tell SAM 2.0 from 2.1 may
/// be left out, and count as true then. Errors: invalid_argument, naming the key that is missing, unknown or
/// of the wrong type, or what validate() says.
Result<Architecture> parse_architecture(std::string_view json);

/// model.json for the architecture; parse_architecture(to_json(a)) == a.
std::string to_json(const Architecture& architecture);

}  // namespace masklet
