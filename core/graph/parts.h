#pragma once

#include <vector>

#include "core/graph/graph_builder.h"
#include "core/graph/networks.h"

namespace masklet {

// SAM 2's parts, one file each. Every function appends its part to the builder.

/// A feature map as tokens [h*w, c].
struct FeatureMap {
  Value tokens;
  int h, w, c;
};

/// Hiera: normalised image [1, 3, S, S] -> one map a stage, strides 4 to 32 (hieradet.py).
std::vector<FeatureMap> hiera(GraphBuilder& b, const Architecture& a, const GraphOptions& o, const Value& image_nchw);

/// FPN neck and the decoder's conv_s0 / conv_s1 (image_encoder.py, sam2_base.py forward_image).
struct Pyramid {
  Value vision_tokens, high_res_0, high_res_1;
};
Pyramid fpn(GraphBuilder& b, const Architecture& a, const std::vector<FeatureMap>& stages);

/// Sparse and dense prompt embeddings (prompt_encoder.py).
struct PromptEmbeddings {
  Value sparse_pc;       ///< [P, d]
  Value dense_nc;        ///< [N, d] or [1, d]
  Value image_position;  ///< [N, d], the dense position encoding
};
PromptEmbeddings prompt_encoder(GraphBuilder& b, const Architecture& a);

void image_encoder(GraphBuilder& b, const Architecture& a, const GraphOptions& o);
void memory_attention(GraphBuilder& b, const Architecture& a, const GraphOptions& o);
void mask_decoder(GraphBuilder& b, const Architecture& a, const GraphOptions& o);
void memory_encoder(GraphBuilder& b, const Architecture& a, const GraphOptions& o);

}  // namespace masklet
