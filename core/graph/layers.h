#pragma once

#include <string>

#include "core/graph/graph_builder.h"

namespace masklet {

// The layers that SAM 2's parts share. Tokens are rank 2, [tokens, channels]; maps are tokens in row-major
// order, so that 1x1 convolutions, norms and attention need no transposition. `name` is the parameter prefix.

/// y = x W^T + b, x [n, in] -> [n, out].
Value linear(GraphBuilder& b, const Value& x, const std::string& name, int in, int out);

/// The same with weights at hand: weight [out, in], bias [out]. With q8 the products are of int8.
Value affine(GraphBuilder& b, const Value& x, const Tensor& weight, const Tensor& bias);

/// The same for an x that may have no rows, which cannot be quantised: its weight is f16 with q8.
Value affine_of_any(GraphBuilder& b, const Value& x, const Tensor& weight, const Tensor& bias);

/// A 1x1 convolution over tokens: the checkpoint holds [out, in, 1, 1].
Value pointwise(GraphBuilder& b, const Value& x, const std::string& name, int in, int out);
/// Its weight as a matrix [out, in].
Tensor pointwise_weight(GraphBuilder& b, const std::string& name, int in, int out);

/// Matrices of equal width, one below the other.
Tensor stack_rows(const std::vector<Tensor>& parts);

/// Normalisation over the last axis, also for the reference's LayerNorm2d, which is the same over tokens.
Value layer_norm(GraphBuilder& b, const Value& x, const std::string& name, int dim, float epsilon);

inline constexpr float kTrunkEpsilon = 1e-6f;        // trunk and 2-D norms
inline constexpr float kTransformerEpsilon = 1e-5f;  // everything else

/// x Phi(x) with the exact erf, in the form that ONNX Runtime fuses.
Value gelu(GraphBuilder& b, const Value& x);
Value relu(GraphBuilder& b, const Value& x);

/// Linear layers "NAME.layers.i" of the given widths with ReLU between them.
Value mlp(GraphBuilder& b, const Value& x, const std::string& name, std::initializer_list<int> widths);

/// softmax(q k^T) v for rank 2 or more, over the last two axes; q carries the scale already. `queries` is the size
/// of q's axis -2; it is split into pieces of at most `chunk` so that the whole score matrix never exists.
Value attention(GraphBuilder& b, const Value& q, const Value& k_transposed, const Value& v, int rank, int queries,
                int chunk);

/// Joins 2 x 2 neighbours: a map [h*w, c] becomes [h/2*w/2, 4c], channels ordered (dy, dx, c). With a matrix this
/// is a 2 x 2 convolution of stride 2.
Value gather_2x2(GraphBuilder& b, const Value& x, int h, int w, int c);

/// The inverse, [h*w, 4c] -> [2h*2w, c]: with a matrix before it, a 2 x 2 transposed convolution of stride 2.
Value scatter_2x2(GraphBuilder& b, const Value& x, int h, int w, int c);

/// The maximum of 2 x 2 neighbours, [windows*h*w, c] -> [windows*h/2*w/2, c].
Value max_pool_2x2(GraphBuilder& b, const Value& x, int windows, int h, int w, int c);

/// A map [h*w, c] to the layout of convolutions, [1, c, h, w], and back.
Value to_nchw(GraphBuilder& b, const Value& x, int h, int w, int c);
Value to_tokens(GraphBuilder& b, const Value& x, int h, int w, int c);

}  // namespace masklet
