#include "core/graph/layers.h"

#include <cmath>
#include <numbers>

#include "core/weights/quantised.h"

namespace masklet {

namespace {

/// [rows, columns] -> [columns, rows].
Tensor transposed(const Tensor& matrix_i8) {
  const std::int64_t rows = matrix_i8.shape[0], columns = matrix_i8.shape[1];
  Tensor out(DType::i8, {columns, rows});
  const auto from = matrix_i8.as<std::int8_t>();
  const auto to = out.as<std::int8_t>();
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
  }
  return out;
}

/// x is quantised as it comes, to u8 with one scale; the weight has one for each output. ONNX Runtime makes one kernel
/// of these nodes.
Value affine_of_int8(GraphBuilder& b, const Value& x, const Tensor& weight, const Tensor& bias) {
  const QuantisedTensor quantised = quantise(weight);
  const std::vector<Value> levels = b.nodes("DynamicQuantizeLinear", 3, {x});
  const Value& x_u8 = levels[0];
  const Value& x_scale = levels[1];
  const Value& x_zero = levels[2];
  const Value sums = b.node("MatMulInteger", {x_u8, b.constant(transposed(quantised.values_i8)), x_zero});
  const Value scale = b.mul(x_scale, b.constant(quantised.scale_c));
  return b.add(b.mul(b.node("Cast", {sums}, {{"to", std::int64_t{1}}}), scale), b.constant(bias));
}

}  // namespace

Value affine(GraphBuilder& b, const Value& x, const Tensor& weight, const Tensor& bias) {
  return b.weights() == WeightStorage::q8 ? affine_of_int8(b, x, weight, bias) : affine_of_any(b, x, weight, bias);
}

Value affine_of_any(GraphBuilder& b, const Value& x, const Tensor& weight, const Tensor& bias) {
  return b.node("Gemm", {x, b.stored(weight), b.constant(bias)}, {{"transB", std::int64_t{1}}});
}

Value linear(GraphBuilder& b, const Value& x, const std::string& name, int in, int out) {
  return affine(b, x, b.weight(name + ".weight", {out, in}), b.weight(name + ".bias", {out}));
}

Tensor pointwise_weight(GraphBuilder& b, const std::string& name, int in, int out) {
  Tensor weight = b.weight(name + ".weight", {out, in, 1, 1});
  weight.shape = {out, in};
  return weight;
}

Value pointwise(GraphBuilder& b, const Value& x, const std::string& name, int in, int out) {
  return affine(b, x, pointwise_weight(b, name, in, out), b.weight(name + ".bias", {out}));
}

Tensor stack_rows(const std::vector<Tensor>& parts) {
  Tensor stacked(DType::f32, {0, parts.front().shape[1]});
  for (const Tensor& part : parts) {
    stacked.shape[0] += part.shape[0];
    stacked.bytes.insert(stacked.bytes.end(), part.bytes.begin(), part.bytes.end());
  }
  return stacked;
}

Value layer_norm(GraphBuilder& b, const Value& x, const std::string& name, int dim, float epsilon) {
  return b.node("LayerNormalization",
                {x, b.constant(b.weight(name + ".weight", {dim})), b.constant(b.weight(name + ".bias", {dim}))},
                {{"axis", std::int64_t{-1}}, {"epsilon", epsilon}});
}

Value gelu(GraphBuilder& b, const Value& x) {
  const Value erf = b.node("Erf", {b.node("Div", {x, b.scalar(std::numbers::sqrt2_v<float>)})});
  return b.mul(b.mul(x, b.add(erf, b.scalar(1.0f))), b.scalar(0.5f));
}

Value relu(GraphBuilder& b, const Value& x) { return b.node("Relu", {x}); }

Value mlp(GraphBuilder& b, const Value& x, const std::string& name, std::initializer_list<int> widths) {
  Value y = x;
  const auto* width = widths.begin();
  const int layers = static_cast<int>(widths.size()) - 1;
  for (int i = 0; i < layers; ++i) {
    y = linear(b, y, name + ".layers." + std::to_string(i), width[i], width[i + 1]);
    if (i + 1 < layers) y = relu(b, y);
  }
  return y;
}

Value attention(GraphBuilder& b, const Value& q, const Value& k_transposed, const Value& v, int rank, int queries,
                int chunk) {
  const int pieces = (queries + chunk - 1) / chunk;
  const auto attend = [&](const Value& piece) {
    const Value scores = b.matmul(piece, k_transposed);
    return b.matmul(b.node("Softmax", {scores}, {{"axis", std::int64_t{-1}}}), v);
  };
  if (pieces <= 1) return attend(q);
  std::vector<std::int64_t> sizes(pieces, chunk);
  sizes.back() = queries - (pieces - 1) * chunk;
  const std::int64_t axis = rank - 2;
  std::vector<Value> parts =
      b.nodes("Split", sizes.size(), {q, b.constant(std::span<const std::int64_t>(sizes))}, {{"axis", axis}});
  for (Value& part : parts) part = attend(part);
  return b.concat(parts, axis);
}

Value gather_2x2(GraphBuilder& b, const Value& x, int h, int w, int c) {
  const Value rows = b.transpose(b.reshape(x, {h / 2, 2, w / 2, 2 * c}), {0, 2, 1, 3});
  return b.reshape(rows, {h / 2 * w / 2, 4 * c});
}

Value scatter_2x2(GraphBuilder& b, const Value& x, int h, int w, int c) {
  const Value rows = b.transpose(b.reshape(x, {h, w, 2, 2 * c}), {0, 2, 1, 3});
  return b.reshape(rows, {4 * h * w, c});
}

Value max_pool_2x2(GraphBuilder& b, const Value& x, int windows, int h, int w, int c) {
  const auto max_over = [&](const Value& v) {
    return b.node("ReduceMax", {v}, {{"axes", std::vector<std::int64_t>{1}}, {"keepdims", std::int64_t{0}}});
  };
  const Value rows = max_over(b.reshape(x, {windows * h / 2, 2, w * c}));
  return max_over(b.reshape(rows, {windows * (h / 2) * (w / 2), 2, c}));
}

Value to_nchw(GraphBuilder& b, const Value& x, int h, int w, int c) {
  return b.transpose(b.reshape(x, {1, h, w, c}), {0, 3, 1, 2});
}

Value to_tokens(GraphBuilder& b, const Value& x, int h, int w, int c) {
  return b.reshape(b.transpose(x, {0, 2, 3, 1}), {h * w, c});
}

}  // namespace masklet
