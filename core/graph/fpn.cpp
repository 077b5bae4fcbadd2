#include <algorithm>
#include <vector>

#include "core/graph/layers.h"
#include "core/graph/parts.h"

namespace masklet {
namespace {

/// Nearest-neighbour doubling of a map [h*w, c] -> [2h*2w, c].
Value double_nearest(GraphBuilder& b, const Value& x, int h, int w, int c) {
  const Value columns = b.node("Expand", {b.reshape(x, {h * w, 1, c}), b.constant({h * w, 2, c})});
  const Value rows = b.node("Expand", {b.reshape(columns, {h, 1, 2 * w * c}), b.constant({h, 2, 2 * w * c})});
  return b.reshape(rows, {4 * h * w, c});
}

/// outer (inner x + inner_bias) + outer_bias as one matrix: exact algebra, and the wide map between is never made.
Value composed_pointwise(GraphBuilder& b, const Value& x, const std::string& inner, const std::string& outer, int in,
                         int middle, int out) {
  const Tensor wi = pointwise_weight(b, inner, in, middle), bi = b.weight(inner + ".bias", {middle});
  const Tensor wo = pointwise_weight(b, outer, middle, out), bo = b.weight(outer + ".bias", {out});
  Tensor weight(DType::f32, {out, in}), bias(DType::f32, {out});
  std::vector<double> row(in);
  for (int o = 0; o < out; ++o) {
    std::fill(row.begin(), row.end(), 0.0);
    double sum = bo.f32()[o];
    for (int m = 0; m < middle; ++m) {
      const double w = wo.f32()[o * middle + m];
      sum += w * bi.f32()[m];
      for (int i = 0; i < in; ++i) row[i] += w * wi.f32()[m * in + i];
    }
    std::copy(row.begin(), row.end(), weight.f32().begin() + o * in);
    bias.f32()[o] = static_cast<float>(sum);
  }
  return affine(b, x, weight, bias);
}

}  // namespace

Pyramid fpn(GraphBuilder& b, const Architecture& a, const std::vector<FeatureMap>& stages) {
  const int levels = static_cast<int>(stages.size());
  const auto conv_name = [&](int level) {
    return "image_encoder.neck.convs." + std::to_string(levels - 1 - level) + ".conv";
  };
  const auto has_top_down = [&](int level) {
    return std::find(a.fpn_top_down_levels.begin(), a.fpn_top_down_levels.end(), level) !=
           a.fpn_top_down_levels.end();
  };
  /// The neck's output at a level: its lateral projection plus the level above, where that is wired.
  const auto level_tokens = [&](auto&& self, int level) -> Value {
    const FeatureMap& stage = stages[level];
    const Value lateral = pointwise(b, stage.tokens, conv_name(level), stage.c, a.d_model);
    if (level + 1 >= levels || !has_top_down(level)) return lateral;
    const Value above = self(self, level + 1);
    return b.add(lateral, double_nearest(b, above, stages[level + 1].h, stages[level + 1].w, a.d_model));
  };
  const auto high_res = [&](int level, const std::string& conv, int out) {
    if (!has_top_down(level))
      return composed_pointwise(b, stages[level].tokens, conv_name(level), conv, stages[level].c, a.d_model, out);
    return pointwise(b, level_tokens(level_tokens, level), conv, a.d_model, out);
  };
  return {level_tokens(level_tokens, 2), high_res(0, "sam_mask_decoder.conv_s0", a.d_model / 8),
          high_res(1, "sam_mask_decoder.conv_s1", a.d_model / 4)};
}

}  // namespace masklet
