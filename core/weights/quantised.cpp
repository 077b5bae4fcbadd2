#include "core/weights/quantised.h"

#include <algorithm>
#include <cmath>

#include "core/weights/quote_name.h"

namespace masklet {
namespace {

constexpr float kMaxQuantum = 127.0f;

bool is_scale(const TensorInfo& info) {
  const std::string_view name = info.name;
  return name.size() > kScaleSuffix.size() && name.substr(name.size() - kScaleSuffix.size()) == kScaleSuffix;
}

std::string scale_name(std::string_view name) {
  return std::string(name) + std::string(kScaleSuffix);
}

class QuantisedCheckpoint final : public Checkpoint {
 public:
  explicit QuantisedCheckpoint(std::unique_ptr<Checkpoint> stored) : stored_(std::move(stored)) {
    for (const TensorInfo& info : stored_->tensors()) {
      if (is_scale(info)) continue;
      infos_.push_back(info);
      has_scale_.push_back(stored_->find(scale_name(info.name)) != nullptr);
    }
  }

  const std::vector<TensorInfo>& tensors() const override { return infos_; }

 protected:
  Result<Tensor> read_at(std::size_t index) override { return stored_->read(infos_[index].name); }

  Result<Tensor> widen(std::size_t index, Tensor stored) override {
    if (!has_scale_[index]) return to_f32(std::move(stored));
    MASKLET_ASSIGN(Tensor scale, stored_->read_f32(scale_name(infos_[index].name)));
    return dequantise({std::move(stored), std::move(scale)});
  }

 private:
  std::unique_ptr<Checkpoint> stored_;
  std::vector<TensorInfo> infos_;
  std::vector<bool> has_scale_;
};

}  // namespace

QuantisedTensor quantise(const Tensor& tensor) {
  const std::int64_t channels = tensor.shape.front();
  QuantisedTensor out{Tensor(DType::i8, tensor.shape), Tensor(DType::f32, {channels})};
  const auto row = static_cast<std::size_t>(channels ? tensor.size() / channels : 0);
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
    const auto values = tensor.f32().subspan(c * row, row);
    float largest = 0.0f;
    for (float value : values) largest = std::max(largest, std::fabs(value));
    const float scale = largest / kMaxQuantum;
    out.scale_c.f32()[c] = scale;
    if (scale == 0.0f) continue;  // a channel of zeros, or too small for its scale to be a float
    std::transform(
        values.begin(), values.end(), out.values_i8.as<std::int8_t>().begin() + c * row, [&](float value) {
          return static_cast<std::int8_t>(std::clamp(std::round(value / scale), -kMaxQuantum, kMaxQuantum));
        });
  }
  return out;
}

Tensor dequantise(const QuantisedTensor& tensor) {
  Tensor out(DType::f32, tensor.values_i8.shape);
  const auto values = tensor.values_i8.as<std::int8_t>();
  const auto scales = tensor.scale_c.f32();
  const std::size_t row = scales.empty() ? 1 : values.size() / scales.size();
  for (std::size_t i = 0; i < values.size(); ++i)
    out.f32()[i] = static_cast<float>(values[i]) * scales[i / row];
  return out;
}

Result<std::unique_ptr<Checkpoint>> hide_scales(std::unique_ptr<Checkpoint> checkpoint) {
  bool any = false;
  for (const TensorInfo& scale : checkpoint->tensors()) {
    if (!is_scale(scale)) continue;
    any = true;
    const std::string_view name =
        std::string_view(scale.name).substr(0, scale.name.size() - kScaleSuffix.size());
    const TensorInfo* values = checkpoint->find(name);
    if (!values || values->dtype != DType::i8 || values->shape.empty() || scale.dtype != DType::f32 ||
        scale.shape != Shape{values->shape.front()}) {
      return Error{ErrorCode::weights_mismatch,
                   "the scale " + quote_name(scale.name) + " of " + to_string(scale.shape) +
                       " belongs to no int8 tensor " + quote_name(name) +
                       " of as many channels; write the model folder anew with `masklet import`"};
    }
  }
  if (!any) return checkpoint;
  return std::unique_ptr<Checkpoint>(std::make_unique<QuantisedCheckpoint>(std::move(checkpoint)));
}

}  // namespace masklet
