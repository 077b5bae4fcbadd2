#include <cmath>

#include "core/graph/layers.h"
#include "core/graph/parts.h"
#include "core/graph/position.h"
#include "core/graph/trunk_plan.h"

namespace masklet {
namespace {

constexpr int kMlpRatio = 4;
constexpr int kPatchKernel = 7;

/// Tokens [h*w, c] to windows [count * window^2, c], padded with zeros on the right and below.
Value to_windows(GraphBuilder& b, const Value& x, int h, int w, int c, int window) {
  const int ph = round_up(h, window), pw = round_up(w, window);
  Value map = b.reshape(x, {h, w, c});
  if (ph > h || pw > w) map = b.node("Pad", {map, b.constant({0, 0, 0, ph - h, pw - w, 0})});
  const Value rows = b.reshape(map, {ph / window, window, pw / window, window * c});
  return b.reshape(b.transpose(rows, {0, 2, 1, 3}), {ph * pw, c});
}

/// The inverse, cutting the padding off: -> [h*w, c].
Value from_windows(GraphBuilder& b, const Value& x, int h, int w, int c, int window) {
  const int ph = round_up(h, window), pw = round_up(w, window);
  const Value rows = b.transpose(b.reshape(x, {ph / window, pw / window, window, window * c}), {0, 2, 1, 3});
  if (ph == h && pw == w) return b.reshape(rows, {h * w, c});
  const Value map = b.node("Slice", {b.reshape(rows, {ph, pw, c}), b.constant({0, 0}), b.constant({h, w}),
                                     b.constant({0, 1})});
  return b.reshape(map, {h * w, c});
}

/// The three projections of attn.qkv; the query's carries 1 / sqrt(head width).
struct Projections {
  Value q, k, v;
};
Projections project_qkv(GraphBuilder& b, const Value& x, const std::string& name, const TrunkBlock& block) {
  const int dim = block.dim, out = block.dim_out;
  const Tensor weight = b.weight(name + ".weight", {3 * out, dim});
  const Tensor bias = b.weight(name + ".bias", {3 * out});
  const auto part = [&](int i, float scale) {
    Tensor w = Tensor::from({out, dim}, weight.f32().subspan(static_cast<std::size_t>(i) * out * dim, out * dim));
    Tensor c = Tensor::from({out}, bias.f32().subspan(static_cast<std::size_t>(i) * out, out));
    for (float& value : w.f32()) value *= scale;
    for (float& value : c.f32()) value *= scale;
    return affine(b, x, w, c);
  };
  const float scale = 1.0f / std::sqrt(static_cast<float>(out / block.heads));
  return {part(0, scale), part(1, 1.0f), part(2, 1.0f)};
}

/// MultiScaleBlock: x [h*w, dim] -> [h'*w', dim_out], halved in both directions where the block pools.
FeatureMap multiscale_block(GraphBuilder& b, const GraphOptions& o, const FeatureMap& x, const TrunkBlock& block) {
  const std::string name = "image_encoder.trunk.blocks." + std::to_string(block.index);
  const int out = block.dim_out, heads = block.heads, head_dim = out / heads;
  const int oh = block.pools ? x.h / 2 : x.h, ow = block.pools ? x.w / 2 : x.w;
  const Value normed = layer_norm(b, x.tokens, name + ".norm1", block.dim, kTrunkEpsilon);

  Value shortcut = x.tokens;
  if (block.dim != out) {
    shortcut = linear(b, normed, name + ".proj", block.dim, out);
    if (block.pools) shortcut = max_pool_2x2(b, shortcut, 1, x.h, x.w, out);
  }

  // Windows are batches of attention; the whole map is one window of its own.
  const int window = block.window;
  const int side_h = window ? window : x.h, side_w = window ? window : x.w;
  const int windows = window ? round_up(x.h, window) / window * (round_up(x.w, window) / window) : 1;
  const Value tokens = window ? to_windows(b, normed, x.h, x.w, block.dim, window) : normed;
  Projections p = project_qkv(b, tokens, name + ".attn.qkv", block);
  if (block.pools) p.q = max_pool_2x2(b, p.q, windows, side_h, side_w, out);
  const int keys = side_h * side_w, queries = block.pools ? keys / 4 : keys;

  const Value q = b.transpose(b.reshape(p.q, {windows, queries, heads, head_dim}), {0, 2, 1, 3});
  const Value k = b.transpose(b.reshape(p.k, {windows, keys, heads, head_dim}), {0, 2, 3, 1});
  const Value v = b.transpose(b.reshape(p.v, {windows, keys, heads, head_dim}), {0, 2, 1, 3});
  // Windows are small: only global attention needs its queries chunked.
  const Value mixed = attention(b, q, k, v, 4, queries, window ? queries : o.attention_chunk);
  Value y = b.reshape(b.transpose(mixed, {0, 2, 1, 3}), {windows * queries, out});
  y = linear(b, y, name + ".attn.proj", out, out);
  if (window) y = from_windows(b, y, oh, ow, out, block.pools ? window / 2 : window);

  y = b.add(shortcut, y);
  Value hidden = layer_norm(b, y, name + ".norm2", out, kTrunkEpsilon);
  hidden = gelu(b, linear(b, hidden, name + ".mlp.layers.0", out, kMlpRatio * out));
  return {b.add(y, linear(b, hidden, name + ".mlp.layers.1", kMlpRatio * out, out)), oh, ow, out};
}

/// Background position embedding stretched over the map plus the window's embedding, tiled: a constant.
Value trunk_position(GraphBuilder& b, const Architecture& a, int side) {
  const int c = a.embed_dim, window = a.window_spec.front();
  const auto [bkg_h, bkg_w] = a.window_pos_embed_bkg_spatial_size;
  Tensor background = b.weight("image_encoder.trunk.pos_embed", {1, c, bkg_h, bkg_w});
  background.shape = {c, bkg_h, bkg_w};
  const Tensor tile = b.weight("image_encoder.trunk.pos_embed_window", {1, c, window, window});
  Tensor position = bicubic_tokens(background, side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      for (int i = 0; i < c; ++i)
        position.f32()[(y * side + x) * c + i] += tile.f32()[(i * window + y % window) * window + x % window];
    }
  }
  return b.stored(position);
}

}  // namespace

std::vector<FeatureMap> hiera(GraphBuilder& b, const Architecture& a, const GraphOptions& o,
                              const Value& image_nchw) {
  const int side = a.image_size / 4;
  const std::string patch = "image_encoder.trunk.patch_embed.proj";
  const Value embedded =
      b.node("Conv",
             {image_nchw, b.constant(b.weight(patch + ".weight", {a.embed_dim, 3, kPatchKernel, kPatchKernel})),
              b.constant(b.weight(patch + ".bias", {a.embed_dim}))},
             {{"strides", std::vector<std::int64_t>{4, 4}}, {"pads", std::vector<std::int64_t>{3, 3, 3, 3}}});
  const Value tokens = to_tokens(b, embedded, side, side, a.embed_dim);
  FeatureMap x{b.add(tokens, trunk_position(b, a, side)), side, side, a.embed_dim};

  std::vector<FeatureMap> stages;
  for (const TrunkBlock& block : trunk_plan(a)) {
    x = multiscale_block(b, o, x, block);
    if (block.ends_stage) stages.push_back(x);
  }
  return stages;
}

}  // namespace masklet
