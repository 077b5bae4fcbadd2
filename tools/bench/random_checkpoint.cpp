#include "tools/bench/random_checkpoint.h"

#include <cmath>

#include "core/model/model_tensors.h"

namespace masklet::bench {

RandomCheckpoint::RandomCheckpoint(const Architecture& architecture) : tensors_(expected_tensors(architecture)) {}

Result<Tensor> RandomCheckpoint::read_at(std::size_t index) {
  Tensor tensor(DType::f32, tensors_[index].shape);
  const bool is_norm = tensors_[index].name.ends_with("weight") && tensors_[index].shape.size() == 1;
  // Small enough for activations to stay finite through every layer.
  const std::int64_t inputs = tensors_[index].shape.size() > 1 ? tensor.size() / tensors_[index].shape[0] : 16;
  const float spread = 1.0f / std::sqrt(static_cast<float>(inputs));
  std::uint32_t state = static_cast<std::uint32_t>(index) * 2654435761u + 1;
  for (float& value : tensor.f32()) {
    state = state * 1664525u + 1013904223u;
    const float unit = static_cast<float>(state >> 8) / static_cast<float>(1 << 23) - 1.0f;
    value = is_norm ? 1.0f + 0.1f * unit : spread * unit;
  }
  return tensor;
}

}  // namespace masklet::bench
