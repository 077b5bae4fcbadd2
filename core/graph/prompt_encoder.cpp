#include <numbers>

#include "core/graph/layers.h"
#include "core/graph/parts.h"
#include "core/graph/position.h"

namespace masklet {
namespace {

constexpr int kMaskInChannels = 16;  // mask_in_chans of the reference
const std::string kPrefix = "sam_prompt_encoder.";

/// A 2 x 2 convolution of stride 2 over a map of tokens.
Value halving_conv(GraphBuilder& b, const Value& x, const std::string& name, int h, int w, int in, int out) {
  const Tensor conv = b.weight(name + ".weight", {out, in, 2, 2});
  Tensor matrix(DType::f32, {out, 4 * in});
  for (int o = 0; o < out; ++o) {
    for (int i = 0; i < in; ++i) {
      for (int k = 0; k < 4; ++k) matrix.f32()[(o * 4 + k) * in + i] = conv.f32()[(o * in + i) * 4 + k];
    }
  }
  return affine(b, gather_2x2(b, x, h, w, in), matrix, b.weight(name + ".bias", {out}));
}

/// _embed_points: [P, 2] input pixels and [P] labels -> [P, d].
Value embed_points(GraphBuilder& b, const Architecture& a, const Tensor& gaussian) {
  const Value points = b.input(tensor_names::kPoints, DType::f32, {std::string("points"), std::int64_t{2}});
  const Value labels = b.input(tensor_names::kLabels, DType::i64, {std::string("points")});
  const Value centred = b.add(points, b.scalar(0.5f));
  const Value unit = b.node("Div", {centred, b.scalar(static_cast<float>(a.image_size))});
  const Value signed_unit = b.node("Sub", {b.mul(unit, b.scalar(2.0f)), b.scalar(1.0f)});
  const Value angle = b.mul(b.matmul(signed_unit, b.constant(gaussian)), b.scalar(2 * std::numbers::pi_v<float>));
  const Value where[] = {b.node("Sin", {angle}), b.node("Cos", {angle})};

  // One row a label, the padding label -1 first; padding has no position.
  std::vector<Tensor> kinds;
  for (const char* name : {"not_a_point_embed", "point_embeddings.0", "point_embeddings.1", "point_embeddings.2",
                           "point_embeddings.3"}) {
    kinds.push_back(b.weight(kPrefix + name + ".weight", {1, a.d_model}));
  }
  const Value row = b.add(labels, b.constant({1}));
  const Value is_point = b.node("Cast", {b.node("Greater", {row, b.constant({0})})}, {{"to", std::int64_t{1}}});
  const Value position = b.mul(b.concat(where, 1), b.node("Unsqueeze", {is_point, b.constant({1})}));
  return b.add(position, b.node("Gather", {b.constant(stack_rows(kinds)), row}, {{"axis", std::int64_t{0}}}));
}

/// mask_downscaling: logits [4h, 4w] -> [h*w, d].
Value embed_mask(GraphBuilder& b, const Architecture& a, const Value& mask_hw) {
  const std::string name = kPrefix + "mask_downscaling.";
  const int side = a.low_res_size();
  constexpr int first = kMaskInChannels / 4;
  Value x = halving_conv(b, b.reshape(mask_hw, {side * side, 1}), name + "0", side, side, 1, first);
  x = gelu(b, layer_norm(b, x, name + "1", first, kTrunkEpsilon));
  x = halving_conv(b, x, name + "3", side / 2, side / 2, first, kMaskInChannels);
  x = gelu(b, layer_norm(b, x, name + "4", kMaskInChannels, kTrunkEpsilon));
  return pointwise(b, x, name + "6", kMaskInChannels, a.d_model);
}

}  // namespace

PromptEmbeddings prompt_encoder(GraphBuilder& b, const Architecture& a) {
  const Tensor gaussian = b.weight(kPrefix + "pe_layer.positional_encoding_gaussian_matrix", {2, a.d_model / 2});
  const std::int64_t side = a.low_res_size();
  const Value mask = b.input(tensor_names::kMaskPrompt, DType::f32, {side, side});
  const Value has_mask = b.input(tensor_names::kHasMask, DType::f32, {std::int64_t{1}});
  const Value no_mask = b.constant(b.weight(kPrefix + "no_mask_embed.weight", {1, a.d_model}));
  const Value dense = b.node("Where", {b.node("Greater", {has_mask, b.scalar(0.0f)}), embed_mask(b, a, mask), no_mask});
  return {embed_points(b, a, gaussian), dense, b.constant(random_fourier_grid(gaussian, a.feature_size()))};
}

}  // namespace masklet
