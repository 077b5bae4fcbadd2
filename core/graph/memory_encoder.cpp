#include "core/graph/layers.h"
#include "core/graph/parts.h"

namespace masklet {
namespace {

constexpr int kFuserLayers = 2;
constexpr int kMaskStages = 4;  // 3 x 3 convolutions of stride 2: channels 1-4-16-64-256
const std::string kPrefix = "memory_encoder.";

/// Logits at S / 4 to the mask that is remembered at S: sigmoid, or hard on prompted frames, scaled and shifted.
Value mask_for_memory(GraphBuilder& b, const Architecture& a) {
  const std::int64_t low = a.low_res_size(), full = a.image_size;
  const Value logits = b.input(tensor_names::kMaskLogits, DType::f32, {low, low});
  const Value binarise = b.input(tensor_names::kBinarise, DType::f32, {std::int64_t{1}});
  const Value upsampled = b.node("Resize", {b.reshape(logits, {1, 1, low, low}), {}, {}, b.constant({1, 1, full, full})},
                                 {{"mode", std::string("linear")}});
  const Value hard = b.node("Cast", {b.node("Greater", {upsampled, b.scalar(0.0f)})}, {{"to", std::int64_t{1}}});
  const Value mask = b.node("Where", {b.node("Greater", {binarise, b.scalar(0.0f)}), hard, b.node("Sigmoid", {upsampled})});
  return b.add(b.mul(mask, b.scalar(static_cast<float>(a.sigmoid_scale_for_mem_enc))),
               b.scalar(static_cast<float>(a.sigmoid_bias_for_mem_enc)));
}

/// MaskDownSampler: [1, 1, S, S] -> tokens [N, d].
Value mask_downsampler(GraphBuilder& b, const Architecture& a, Value x) {
  const std::string name = kPrefix + "mask_downsampler.encoder.";
  int in = 1, side = a.image_size;
  Value tokens;
  for (int stage = 0; stage < kMaskStages; ++stage) {
    const int out = in * 4;
    const std::string conv = name + std::to_string(3 * stage);
    x = b.node("Conv", {x, b.constant(b.weight(conv + ".weight", {out, in, 3, 3})),
                        b.constant(b.weight(conv + ".bias", {out}))},
               {{"strides", std::vector<std::int64_t>{2, 2}}, {"pads", std::vector<std::int64_t>{1, 1, 1, 1}}});
    side /= 2;
    tokens = layer_norm(b, to_tokens(b, x, side, side, out), name + std::to_string(3 * stage + 1), out, kTrunkEpsilon);
    tokens = gelu(b, tokens);
    if (stage + 1 < kMaskStages) x = to_nchw(b, tokens, side, side, out);
    in = out;
  }
  return pointwise(b, tokens, name + std::to_string(3 * kMaskStages), in, a.d_model);
}

/// CXBlock, a ConvNeXt block: depthwise 7 x 7, norm, two linear layers, layer scale, residual.
Value fuser_block(GraphBuilder& b, const Architecture& a, const Value& x, int index) {
  const std::string name = kPrefix + "fuser.layers." + std::to_string(index) + ".";
  const int d = a.d_model, side = a.feature_size();
  const Value depthwise =
      b.node("Conv", {to_nchw(b, x, side, side, d), b.constant(b.weight(name + "dwconv.weight", {d, 1, 7, 7})),
                      b.constant(b.weight(name + "dwconv.bias", {d}))},
             {{"group", std::int64_t{d}}, {"pads", std::vector<std::int64_t>{3, 3, 3, 3}}});
  Value y = layer_norm(b, to_tokens(b, depthwise, side, side, d), name + "norm", d, kTrunkEpsilon);
  y = gelu(b, linear(b, y, name + "pwconv1", d, 4 * d));
  y = linear(b, y, name + "pwconv2", 4 * d, d);
  return b.add(x, b.mul(y, b.constant(b.weight(name + "gamma", {d}))));
}

}  // namespace

void memory_encoder(GraphBuilder& b, const Architecture& a, const GraphOptions&) {
  const int d = a.d_model, m = a.mem_dim;
  const std::int64_t n = a.feature_tokens();
  const Value vision = b.input(tensor_names::kVisionTokens, DType::f32, {n, std::int64_t{d}});
  const Value no_object = b.input(tensor_names::kNoObject, DType::f32, {std::int64_t{1}});
  const Value mask = mask_downsampler(b, a, mask_for_memory(b, a));

  Value x = b.add(pointwise(b, vision, kPrefix + "pix_feat_proj", d, d), mask);
  for (int i = 0; i < kFuserLayers; ++i) x = fuser_block(b, a, x, i);
  if (m != d) x = pointwise(b, x, kPrefix + "out_proj", d, m);
  if (a.no_object_memory_embedding)
    x = b.add(x, b.mul(no_object, b.constant(b.weight("no_obj_embed_spatial", {1, m}))));
  b.output(x, tensor_names::kMemory, {n, std::int64_t{m}});
}

}  // namespace masklet
