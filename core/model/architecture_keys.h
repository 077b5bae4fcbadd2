#pragma once

#include "core/model/architecture.h"

namespace masklet {

/// Calls visit(key, member) for each required key of model.json, in the order in which they are written.
/// `A` is Architecture or const Architecture.
template <class A, class Visit>
void visit_keys(A& a, Visit visit) {
  visit("image_size", a.image_size);
  visit("embed_dim", a.embed_dim);
  visit("num_heads", a.num_heads);
  visit("stages", a.stages);
  visit("global_att_blocks", a.global_att_blocks);
  visit("window_pos_embed_bkg_spatial_size", a.window_pos_embed_bkg_spatial_size);
  visit("window_spec", a.window_spec);
  visit("backbone_channel_list", a.backbone_channel_list);
  visit("d_model", a.d_model);
  visit("mem_dim", a.mem_dim);
  visit("memory_attention_layers", a.memory_attention_layers);
  visit("memory_attention_dim_feedforward", a.memory_attention_dim_feedforward);
  visit("num_maskmem", a.num_maskmem);
  visit("neck_scalp", a.neck_scalp);
  visit("fpn_top_down_levels", a.fpn_top_down_levels);
  visit("backbone_q_pool", a.backbone_q_pool);
  visit("head_mul", a.head_mul);
  visit("rope_theta", a.rope_theta);
  visit("sigmoid_scale_for_mem_enc", a.sigmoid_scale_for_mem_enc);
  visit("sigmoid_bias_for_mem_enc", a.sigmoid_bias_for_mem_enc);
}

/// The keys that may be left out.
template <class A, class Visit>
void visit_optional_keys(A& a, Visit visit) {
  visit("no_object_memory_embedding", a.no_object_memory_embedding);
  visit("pointer_time_encoding", a.pointer_time_encoding);
}

}  // namespace masklet
