#include <algorithm>
#include <cmath>
#include <vector>

#include "core/graph/layers.h"
#include "core/graph/parts.h"
#include "core/graph/position.h"

namespace masklet {
namespace {

/// RoPE's tables as constants, for maps of N tokens.
struct Rope {
  Value cosine, sine;
};

/// A projection [.., in] -> [.., d] with its rotation: two matrices instead of moving channels about.
struct RotatedProjection {
  Tensor weight, bias;

  RotatedProjection(GraphBuilder& b, const std::string& name, int in, int d, float scale)
      : weight(b.weight(name + ".weight", {d, in})), bias(b.weight(name + ".bias", {d})) {
    for (float& value : weight.f32()) value *= scale;
    for (float& value : bias.f32()) value *= scale;
  }

  /// Without rotation, for an x that may have no rows.
  Value plain(GraphBuilder& b, const Value& x) const { return affine_of_any(b, x, weight, bias); }

  /// x is `maps` maps of N tokens, [maps * N, in]; maps may be known at run time only.
  Value rotated(GraphBuilder& b, const Value& x, const Rope& rope, std::int64_t n, std::int64_t d,
                bool one_map) const {
    Value straight = affine(b, x, weight, bias);
    Value turned = affine(b, x, turn_pairs(weight), turn_pairs(bias));
    if (one_map) return b.add(b.mul(straight, rope.cosine), b.mul(turned, rope.sine));
    straight = b.mul(b.reshape(straight, {-1, n, d}), rope.cosine);
    turned = b.mul(b.reshape(turned, {-1, n, d}), rope.sine);
    return b.reshape(b.add(straight, turned), {-1, d});
  }
};

/// The memory as the layers see it. Values carry no position; keys do, and only spatial ones are rotated.
struct Memory {
  Value values;         // [K, m]: spatial memories, then pointer tokens
  Value spatial_keys;   // [M * N, m]
  Value pointer_keys;   // [P * d/m, m]
};

/// Adds spatial and temporal positions, and splits pointers into tokens (_prepare_memory_conditioned_features).
Memory prepare_memory(GraphBuilder& b, const Architecture& a) {
  const std::int64_t n = a.feature_tokens(), d = a.d_model, m = a.mem_dim, per_pointer = a.tokens_per_pointer();
  const Value spatial = b.input(tensor_names::kSpatialMemory, DType::f32, {std::string("memories"), n, m});
  const Value row = b.input(tensor_names::kTemporalRow, DType::i64, {std::string("memories")});
  const Value pointers = b.input(tensor_names::kPointers, DType::f32, {std::string("pointers"), d});

  Tensor temporal = b.weight("maskmem_tpos_enc", {a.num_maskmem, 1, 1, a.mem_dim});
  temporal.shape = {a.num_maskmem, 1, m};
  Tensor where = sine_position(a.feature_size(), a.mem_dim);
  where.shape = {1, n, m};
  const Value when = b.node("Gather", {b.constant(temporal), row}, {{"axis", std::int64_t{0}}});

  const Value pointer_tokens = b.reshape(pointers, {-1, m});
  Value pointer_keys = pointer_tokens;
  const Value time = b.input(tensor_names::kPointerTime, DType::f32, {std::string("pointers")});
  if (a.pointer_time_encoding) {
    const Value angle = b.node("Div", {b.node("Unsqueeze", {time, b.constant({1})}),
                                       b.constant(sine_periods(a.d_model / 2))});
    const Value sine[] = {b.node("Sin", {angle}), b.node("Cos", {angle})};
    const Value encoded =
        affine_of_any(b, b.concat(sine, 1), b.weight("obj_ptr_tpos_proj.weight", {a.mem_dim, a.d_model}),
                      b.weight("obj_ptr_tpos_proj.bias", {a.mem_dim}));
    // Every token of a pointer gets the pointer's position.
    const Value repeated = b.add(b.reshape(pointers, {-1, per_pointer, m}),
                                 b.node("Unsqueeze", {encoded, b.constant({1})}));
    pointer_keys = b.reshape(repeated, {-1, m});
  }
  const Value all[] = {b.reshape(spatial, {-1, m}), pointer_tokens};
  return {b.concat(all, 0), b.reshape(b.add(b.add(spatial, b.constant(where)), when), {-1, m}), pointer_keys};
}

/// out_proj(v_proj(mixed)) as one matrix. The rows of a softmax sum to one and values are not rotated, so
/// softmax(q k^T) (M Wv + bv) = (softmax(q k^T) M) Wv + bv: attention runs over the m-wide memory itself.
Value value_after_attention(GraphBuilder& b, const Value& mixed, const std::string& name, int d, int m) {
  const Tensor wv = b.weight(name + ".v_proj.weight", {d, m}), bv = b.weight(name + ".v_proj.bias", {d});
  const Tensor wo = b.weight(name + ".out_proj.weight", {d, d}), bo = b.weight(name + ".out_proj.bias", {d});
  Tensor weight(DType::f32, {d, m}), bias(DType::f32, {d});
  std::vector<double> sums(m);
  for (int o = 0; o < d; ++o) {
    std::fill(sums.begin(), sums.end(), 0.0);
    double offset = bo.f32()[o];
    for (int i = 0; i < d; ++i) {
      const double w = wo.f32()[o * d + i];
      offset += w * bv.f32()[i];
      for (int j = 0; j < m; ++j) sums[j] += w * wv.f32()[i * m + j];
    }
    std::copy(sums.begin(), sums.end(), weight.f32().begin() + o * m);
    bias.f32()[o] = static_cast<float>(offset);
  }
  return affine(b, mixed, weight, bias);
}

}  // namespace

void memory_attention(GraphBuilder& b, const Architecture& a, const GraphOptions& o) {
  const int d = a.d_model, m = a.mem_dim, ff = a.memory_attention_dim_feedforward;
  const std::int64_t n = a.feature_tokens();
  const float scale = 1.0f / std::sqrt(static_cast<float>(d));
  const auto norm = [&](const Value& x, const std::string& name) {
    return layer_norm(b, x, name, d, kTransformerEpsilon);
  };

  const Value vision = b.input(tensor_names::kVisionTokens, DType::f32, {n, std::int64_t{d}});
  const Memory memory = prepare_memory(b, a);
  const RopeTables tables = rope_tables(a.feature_size(), d, a.rope_theta);
  const Rope rope{b.constant(tables.cosine), b.constant(tables.sine)};

  Tensor position = sine_position(a.feature_size(), d);
  for (float& value : position.f32()) value *= 0.1f;
  Value x = b.add(vision, b.constant(position));

  for (int i = 0; i < a.memory_attention_layers; ++i) {
    const std::string layer = "memory_attention.layers." + std::to_string(i) + ".";
    {
      const std::string name = layer + "self_attn";
      const Value y = norm(x, layer + "norm1");
      const Value q = RotatedProjection(b, name + ".q_proj", d, d, scale).rotated(b, y, rope, n, d, true);
      const Value k = RotatedProjection(b, name + ".k_proj", d, d, 1.0f).rotated(b, y, rope, n, d, true);
      const Value v = linear(b, y, name + ".v_proj", d, d);
      const Value mixed =
          attention(b, q, b.transpose(k, {1, 0}), v, 2, a.feature_tokens(), o.attention_chunk);
      x = b.add(x, linear(b, mixed, name + ".out_proj", d, d));
    }
    {
      const std::string name = layer + "cross_attn_image";
      const Value y = norm(x, layer + "norm2");
      const Value q = RotatedProjection(b, name + ".q_proj", d, d, scale).rotated(b, y, rope, n, d, true);
      const RotatedProjection key(b, name + ".k_proj", m, d, 1.0f);
      const Value keys[] = {key.rotated(b, memory.spatial_keys, rope, n, d, false), key.plain(b, memory.pointer_keys)};
      const Value mixed = attention(b, q, b.transpose(b.concat(keys, 0), {1, 0}), memory.values, 2,
                                    a.feature_tokens(), o.attention_chunk);
      x = b.add(x, value_after_attention(b, mixed, name, d, m));
    }
    const Value hidden = relu(b, linear(b, norm(x, layer + "norm3"), layer + "linear1", d, ff));
    x = b.add(x, linear(b, hidden, layer + "linear2", ff, d));
  }
  b.output(norm(x, "memory_attention.norm"), tensor_names::kConditionedTokens, {n, std::int64_t{d}});
}

}  // namespace masklet
