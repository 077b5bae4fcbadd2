#include "core/tracking/networks_runner.h"

#include <algorithm>
#include <cmath>

#include "core/base/half.h"
#include "core/graph/networks.h"

namespace masklet {
namespace {

namespace names = tensor_names;

Tensor flag(bool on) {
  const float value = on ? 1.0f : 0.0f;
  return Tensor::from({1}, {&value, 1});
}

Tensor labels_tensor(const std::vector<std::int64_t>& labels) {
  Tensor tensor(DType::i64, {static_cast<std::int64_t>(labels.size())});
  std::copy(labels.begin(), labels.end(), tensor.as<std::int64_t>().begin());
  return tensor;
}

/// Bytes that go through core: inputs as they are, outputs once more on the host's side of the boundary.
std::uint64_t carried_bytes(const RunNetwork& step) {
  std::uint64_t bytes = 0;
  for (const NetworkInput& input : step.inputs) {
    if (const auto* tensor = std::get_if<Tensor>(&input.value)) bytes += tensor->bytes.size();
  }
  for (const NetworkOutput& output : step.outputs) {
    if (!output.keep_as) bytes += 2 * element_count(output.shape) * sizeof(float);
  }
  return bytes;
}

}  // namespace

Task<Result<std::vector<Tensor>>> NetworksRunner::run(RunNetwork step) {
  if (account_) account_->touch(MemoryCategory::steps, carried_bytes(step));
  step.release = std::move(released_);
  released_.clear();
  WaitForHost host{machine_, Step(std::move(step))};
  Answer answer = co_await host;
  if (auto* error = std::get_if<Error>(&answer)) co_return std::move(*error);
  co_return std::move(std::get<std::vector<Tensor>>(answer));
}

Task<Result<FrameFeatures>> NetworksRunner::encode_image(Tensor image_hwc) {
  const std::int64_t n = model_.architecture.feature_tokens(), d = model_.architecture.d_model;
  FrameFeatures features{new_handle(), new_handle(), new_handle()};
  RunNetwork step{NetworkId::image_encoder, {}, {}, {}};
  step.inputs.push_back({names::kImage, std::move(image_hwc)});
  step.outputs.push_back({names::kVisionTokens, {n, d}, features.vision_tokens});
  step.outputs.push_back({names::kHighRes0, {16 * n, d / 8}, features.high_res_0});
  step.outputs.push_back({names::kHighRes1, {4 * n, d / 4}, features.high_res_1});
  Task<Result<std::vector<Tensor>>> running = run(std::move(step));
  Result<std::vector<Tensor>> outputs = co_await running;
  MASKLET_CO_TRY(outputs);
  co_return features;
}

Task<Result<TensorHandle>> NetworksRunner::condition_on_memory(FrameFeatures features,
                                                               const MemorySelection& memories) {
  const Architecture& a = model_.architecture;
  const std::int64_t n = a.feature_tokens(), m = a.mem_dim, d = a.d_model;
  const auto spatial_count = static_cast<std::int64_t>(memories.spatial.size());
  const auto pointer_count = static_cast<std::int64_t>(memories.pointers.size());

  Tensor spatial(DType::f32, {spatial_count, n, m}), row(DType::i64, {spatial_count});
  auto* token = spatial.f32().data();
  for (std::size_t i = 0; i < memories.spatial.size(); ++i) {
    token = std::transform(memories.spatial[i].record->memory.begin(), memories.spatial[i].record->memory.end(), token,
                           f32_from_bf16);
    row.as<std::int64_t>()[i] = memories.spatial[i].temporal_row;
  }
  Tensor pointers(DType::f32, {pointer_count, d}), time(DType::f32, {pointer_count});
  for (std::size_t i = 0; i < memories.pointers.size(); ++i) {
    const std::vector<float>& pointer = memories.pointers[i].record->pointer;
    std::copy(pointer.begin(), pointer.end(), pointers.f32().begin() + i * d);
    time.f32()[i] = memories.pointers[i].time;
  }

  const TensorHandle conditioned = new_handle();
  RunNetwork step{NetworkId::memory_attention, {}, {}, {}};
  step.inputs.push_back({names::kVisionTokens, features.vision_tokens});
  step.inputs.push_back({names::kSpatialMemory, std::move(spatial)});
  step.inputs.push_back({names::kTemporalRow, std::move(row)});
  step.inputs.push_back({names::kPointers, std::move(pointers)});
  step.inputs.push_back({names::kPointerTime, std::move(time)});
  step.outputs.push_back({names::kConditionedTokens, {n, d}, conditioned});
  Task<Result<std::vector<Tensor>>> running = run(std::move(step));
  Result<std::vector<Tensor>> outputs = co_await running;
  MASKLET_CO_TRY(outputs);
  co_return conditioned;
}

Task<Result<DecoderOutputs>> NetworksRunner::decode_mask(FrameFeatures features, TensorHandle tokens,
                                                         bool add_no_memory, DecoderPrompt prompt) {
  const Architecture& a = model_.architecture;
  const std::int64_t side = a.low_res_size(), d = a.d_model;
  const bool has_mask = !prompt.mask.empty();
  RunNetwork step{NetworkId::mask_decoder, {}, {}, {}};
  step.inputs.push_back({names::kFeatureTokens, tokens});
  step.inputs.push_back({names::kHighRes0, features.high_res_0});
  step.inputs.push_back({names::kHighRes1, features.high_res_1});
  step.inputs.push_back({names::kNoMemory, flag(add_no_memory)});
  step.inputs.push_back(
      {names::kPoints, Tensor::from({static_cast<std::int64_t>(prompt.labels.size()), 2}, prompt.points_px)});
  step.inputs.push_back({names::kLabels, labels_tensor(prompt.labels)});
  step.inputs.push_back(
      {names::kMaskPrompt, has_mask ? Tensor::from({side, side}, prompt.mask) : Tensor(DType::f32, {side, side})});
  step.inputs.push_back({names::kHasMask, flag(has_mask)});
  step.outputs.push_back({names::kMasks, {4, side, side}});
  step.outputs.push_back({names::kIous, {4}});
  step.outputs.push_back({names::kTokenPointers, {4, d}});
  step.outputs.push_back({names::kObjectScore, {1}});
  Task<Result<std::vector<Tensor>>> running = run(std::move(step));
  Result<std::vector<Tensor>> outputs = co_await running;
  MASKLET_CO_TRY(outputs);
  std::vector<Tensor>& o = *outputs;
  for (const int scalar : {1, 3}) {
    for (float value : o[scalar].f32()) {
      if (!std::isfinite(value))
        co_return Error{ErrorCode::runtime_failed,
                        "the mask decoder returned a score that is no finite number; the weights may be damaged, or a "
                        "half-precision provider overflowed"};
    }
  }
  co_return DecoderOutputs{std::move(o[0]), std::move(o[1]), std::move(o[2]), std::move(o[3])};
}

Task<Result<std::vector<std::uint16_t>>> NetworksRunner::encode_memory(FrameFeatures features,
                                                                       const std::vector<float>& logits,
                                                                       bool binarise, bool absent) {
  const Architecture& a = model_.architecture;
  const std::int64_t side = a.low_res_size();
  RunNetwork step{NetworkId::memory_encoder, {}, {}, {}};
  step.inputs.push_back({names::kVisionTokens, features.vision_tokens});
  step.inputs.push_back({names::kMaskLogits, Tensor::from({side, side}, logits)});
  step.inputs.push_back({names::kBinarise, flag(binarise)});
  step.inputs.push_back({names::kNoObject, flag(absent)});
  step.outputs.push_back({names::kMemory, {a.feature_tokens(), a.mem_dim}});
  Task<Result<std::vector<Tensor>>> running = run(std::move(step));
  Result<std::vector<Tensor>> outputs = co_await running;
  MASKLET_CO_TRY(outputs);
  const auto values = outputs->front().f32();
  std::vector<std::uint16_t> memory(values.size());
  std::transform(values.begin(), values.end(), memory.begin(), bf16_from_f32);
  co_return memory;
}

void NetworksRunner::release(const FrameFeatures& features) {
  for (TensorHandle handle : {features.vision_tokens, features.high_res_0, features.high_res_1}) release(handle);
}

}  // namespace masklet
