#include <array>

#include "core/graph/layers.h"
#include "core/graph/parts.h"

namespace masklet {
namespace {

// ImageNet statistics of RGB in 0 .. 1.
constexpr std::array<float, 3> kMean = {0.485f, 0.456f, 0.406f};
constexpr std::array<float, 3> kDeviation = {0.229f, 0.224f, 0.225f};

/// [S, S, 3], bytes or floats in 0 .. 1, to the normalised [1, 3, S, S].
Value normalise(GraphBuilder& b, const Value& image_hwc, bool is_float) {
  const auto bytes_to_unit = [&] {
    return b.node("Div", {b.node("Cast", {image_hwc}, {{"to", std::int64_t{1}}}), b.scalar(255.0f)});
  };
  const Value unit = is_float ? image_hwc : bytes_to_unit();
  const Value centred = b.node("Sub", {unit, b.constant(Tensor::from({3}, kMean))});
  const Value scaled = b.node("Div", {centred, b.constant(Tensor::from({3}, kDeviation))});
  return b.node("Unsqueeze", {b.transpose(scaled, {2, 0, 1}), b.constant({0})});
}

}  // namespace

void image_encoder(GraphBuilder& b, const Architecture& a, const GraphOptions& o) {
  const std::int64_t size = a.image_size, n = a.feature_tokens(), d = a.d_model;
  const Value image =
      b.input(tensor_names::kImage, o.float_image ? DType::f32 : DType::u8, {size, size, std::int64_t{3}});
  const Pyramid pyramid = fpn(b, a, hiera(b, a, o, normalise(b, image, o.float_image)));
  b.output(pyramid.vision_tokens, tensor_names::kVisionTokens, {n, d});
  b.output(pyramid.high_res_0, tensor_names::kHighRes0, {16 * n, d / 8});
  b.output(pyramid.high_res_1, tensor_names::kHighRes1, {4 * n, d / 4});
}

}  // namespace masklet
