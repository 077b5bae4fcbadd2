#pragma once

#include "core/model/architecture.h"
#include "core/tracking/model.h"

// The smallest SAM 2 that keeps every rule, for tests that answer its networks by themselves.
namespace masklet::tracking_test {

/// 64 x 64 pixels: masks of 16 x 16, 16 tokens.
inline Architecture small_architecture() {
  Architecture a;
  a.image_size = 64;
  a.embed_dim = 8;
  a.stages = {1, 2, 2, 1};
  a.global_att_blocks = {4};
  a.window_pos_embed_bkg_spatial_size = {4, 4};
  a.window_spec = {8, 4, 4, 2};
  a.backbone_channel_list = {64, 32, 16, 8};
  a.d_model = 32;
  a.mem_dim = 8;
  a.memory_attention_layers = 1;
  a.memory_attention_dim_feedforward = 16;
  return a;
}

inline Model small_model() {
  Model model{small_architecture(), {}};
  for (int i = 0; i < model.architecture.d_model; ++i)
    model.constants.no_object_pointer.push_back(-1.0f - static_cast<float>(i) / 8);
  for (int i = 0; i < 16; ++i)
    model.constants.mask_downsample_weight.push_back(static_cast<float>(i + 1) / 16);
  model.constants.mask_downsample_bias = -0.5f;
  return model;
}

}  // namespace masklet::tracking_test
