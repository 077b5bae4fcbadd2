#include <cmath>

#include "core/graph/layers.h"
#include "core/graph/parts.h"

namespace masklet {
namespace {

constexpr int kDepth = 2;
constexpr int kHeads = 8;
constexpr int kMlpWidth = 2048;
constexpr int kIouWidth = 256;
constexpr int kMaskTokens = 4;  // the single mask's token, then three of the multimask output
const std::string kPrefix = "sam_mask_decoder.";

/// Attention over tokens [n, d] with `width` channels inside, heads split and joined again.
Value head_attention(GraphBuilder& b, const Value& q, const Value& k, const Value& v, const std::string& name, int d,
                     int width) {
  const int head = width / kHeads;
  Tensor q_weight = b.weight(name + ".q_proj.weight", {width, d});
  Tensor q_bias = b.weight(name + ".q_proj.bias", {width});
  const float scale = 1.0f / std::sqrt(static_cast<float>(head));
  for (float& value : q_weight.f32()) value *= scale;
  for (float& value : q_bias.f32()) value *= scale;

  const auto split = [&](const Value& x, std::initializer_list<std::int64_t> order) {
    return b.transpose(b.reshape(x, {-1, kHeads, head}), order);
  };
  const Value queries = split(affine(b, q, q_weight, q_bias), {1, 0, 2});
  const Value keys = split(linear(b, k, name + ".k_proj", d, width), {1, 2, 0});
  const Value values = split(linear(b, v, name + ".v_proj", d, width), {1, 0, 2});
  const Value mixed = attention(b, queries, keys, values, 3, 1, 1);
  return linear(b, b.reshape(b.transpose(mixed, {1, 0, 2}), {-1, width}), name + ".out_proj", width, d);
}

struct TwoWay {
  Value queries, keys;
};

/// TwoWayTransformer: prompt and output tokens attend to the image and the image to them (transformer.py).
TwoWay two_way_transformer(GraphBuilder& b, const Architecture& a, const Value& tokens, const Value& image,
                           const Value& image_position) {
  const int d = a.d_model, narrow = d / 2;
  const std::string prefix = kPrefix + "transformer.";
  const auto norm = [&](const Value& x, const std::string& name) {
    return layer_norm(b, x, name, d, kTransformerEpsilon);
  };
  TwoWay s{tokens, image};
  for (int i = 0; i < kDepth; ++i) {
    const std::string layer = prefix + "layers." + std::to_string(i) + ".";
    // The first layer's self-attention has neither position nor residual.
    if (i == 0) {
      s.queries = head_attention(b, s.queries, s.queries, s.queries, layer + "self_attn", d, d);
    } else {
      const Value placed = b.add(s.queries, tokens);
      s.queries = b.add(s.queries, head_attention(b, placed, placed, s.queries, layer + "self_attn", d, d));
    }
    s.queries = norm(s.queries, layer + "norm1");

    const Value keys_placed = b.add(s.keys, image_position);
    s.queries = b.add(s.queries, head_attention(b, b.add(s.queries, tokens), keys_placed, s.keys,
                                                layer + "cross_attn_token_to_image", d, narrow));
    s.queries = norm(s.queries, layer + "norm2");

    s.queries = norm(b.add(s.queries, mlp(b, s.queries, layer + "mlp", {d, kMlpWidth, d})), layer + "norm3");

    s.keys = b.add(s.keys, head_attention(b, keys_placed, b.add(s.queries, tokens), s.queries,
                                          layer + "cross_attn_image_to_token", d, narrow));
    s.keys = norm(s.keys, layer + "norm4");
  }
  const Value final = head_attention(b, b.add(s.queries, tokens), b.add(s.keys, image_position), s.keys,
                                     prefix + "final_attn_token_to_image", d, narrow);
  s.queries = norm(b.add(s.queries, final), prefix + "norm_final_attn");
  return s;
}

/// A 2 x 2 transposed convolution of stride 2 over a map of tokens, [h*w, in] -> [2h*2w, out].
Value doubling_conv(GraphBuilder& b, const Value& x, const std::string& name, int h, int w, int in, int out) {
  const Tensor conv = b.weight(name + ".weight", {in, out, 2, 2});
  const Tensor bias = b.weight(name + ".bias", {out});
  Tensor matrix(DType::f32, {4 * out, in}), tiled(DType::f32, {4 * out});
  for (int k = 0; k < 4; ++k) {
    for (int o = 0; o < out; ++o) {
      for (int i = 0; i < in; ++i) matrix.f32()[(k * out + o) * in + i] = conv.f32()[(i * out + o) * 4 + k];
      tiled.f32()[k * out + o] = bias.f32()[o];
    }
  }
  return scatter_2x2(b, affine(b, x, matrix, tiled), h, w, out);
}

/// Image tokens [N, d] and the two high-resolution maps -> [16 N, d/8].
Value upscale(GraphBuilder& b, const Architecture& a, const Value& image) {
  const int side = a.feature_size(), d = a.d_model;
  const std::int64_t n = a.feature_tokens();
  const Value high_res_0 = b.input(tensor_names::kHighRes0, DType::f32, {16 * n, std::int64_t{d / 8}});
  const Value high_res_1 = b.input(tensor_names::kHighRes1, DType::f32, {4 * n, std::int64_t{d / 4}});
  const std::string name = kPrefix + "output_upscaling.";
  Value x = b.add(doubling_conv(b, image, name + "0", side, side, d, d / 4), high_res_1);
  x = gelu(b, layer_norm(b, x, name + "1", d / 4, kTrunkEpsilon));
  return gelu(b, b.add(doubling_conv(b, x, name + "3", 2 * side, 2 * side, d / 4, d / 8), high_res_0));
}

/// Rows [from, to) of a token matrix.
Value rows(GraphBuilder& b, const Value& x, std::int64_t from, std::int64_t to) {
  return b.node("Slice", {x, b.constant({from}), b.constant({to}), b.constant({0})});
}

}  // namespace

void mask_decoder(GraphBuilder& b, const Architecture& a, const GraphOptions&) {
  const int d = a.d_model;
  const std::int64_t n = a.feature_tokens(), side = a.low_res_size();
  const Value features = b.input(tensor_names::kFeatureTokens, DType::f32, {n, std::int64_t{d}});
  const Value no_memory = b.input(tensor_names::kNoMemory, DType::f32, {std::int64_t{1}});
  Tensor no_mem_embed = b.weight("no_mem_embed", {1, 1, d});
  no_mem_embed.shape = {1, d};

  const PromptEmbeddings prompt = prompt_encoder(b, a);
  const Value start = b.add(features, b.mul(no_memory, b.constant(no_mem_embed)));
  const Value image = b.add(start, prompt.dense_nc);

  // Tokens: object score, IoU, four masks, then the prompt's.
  const Tensor outputs = stack_rows({b.weight(kPrefix + "obj_score_token.weight", {1, d}),
                                     b.weight(kPrefix + "iou_token.weight", {1, d}),
                                     b.weight(kPrefix + "mask_tokens.weight", {kMaskTokens, d})});
  const Value token_parts[] = {b.constant(outputs), prompt.sparse_pc};
  const TwoWay s = two_way_transformer(b, a, b.concat(token_parts, 0), image, prompt.image_position);

  const Value upscaled = upscale(b, a, s.keys);
  std::vector<Value> hyper;
  for (int i = 0; i < kMaskTokens; ++i) {
    const std::string name = kPrefix + "output_hypernetworks_mlps." + std::to_string(i);
    hyper.push_back(mlp(b, rows(b, s.queries, 2 + i, 3 + i), name, {d, d, d, d / 8}));
  }
  const Value masks = b.matmul(b.concat(hyper, 0), b.transpose(upscaled, {1, 0}));
  const Value iou_logits =
      mlp(b, rows(b, s.queries, 1, 2), kPrefix + "iou_prediction_head", {d, kIouWidth, kIouWidth, kMaskTokens});
  const Value score = mlp(b, rows(b, s.queries, 0, 1), kPrefix + "pred_obj_score_head", {d, d, d, 1});

  b.output(b.reshape(masks, {kMaskTokens, side, side}), tensor_names::kMasks, {std::int64_t{kMaskTokens}, side, side});
  b.output(b.reshape(b.node("Sigmoid", {iou_logits}), {kMaskTokens}), tensor_names::kIous, {std::int64_t{kMaskTokens}});
  b.output(mlp(b, rows(b, s.queries, 2, 2 + kMaskTokens), "obj_ptr_proj", {d, d, d, d}), tensor_names::kTokenPointers,
           {std::int64_t{kMaskTokens}, std::int64_t{d}});
  b.output(b.reshape(score, {1}), tensor_names::kObjectScore, {std::int64_t{1}});
}

}  // namespace masklet
