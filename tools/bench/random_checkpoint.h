#pragma once

#include "core/model/architecture.h"
#include "core/weights/checkpoint.h"

namespace masklet::bench {

/// Reproducible random weights of any architecture, made tensor by tensor: speed does not depend on their values.
class RandomCheckpoint final : public Checkpoint {
 public:
  explicit RandomCheckpoint(const Architecture& architecture);
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }

 private:
  Result<Tensor> read_at(std::size_t index) override;
  std::vector<TensorInfo> tensors_;
};

}  // namespace masklet::bench
