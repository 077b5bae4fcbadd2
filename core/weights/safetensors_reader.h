#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/weights/checkpoint.h"

namespace masklet {

/// A `.safetensors` file, tensors in the header's order. Bytes that no tensor claims are tolerated; tensors
/// that overlap are not.
class SafetensorsFile final : public Checkpoint {
 public:
  /// Errors: corrupt_file, unsupported_file; a header beyond 16 MiB is refused.
  static Result<std::unique_ptr<SafetensorsFile>> open(std::shared_ptr<ByteSource> source);

  const std::vector<TensorInfo>& tensors() const override { return infos_; }

  /// "__metadata__": free text by name.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 protected:
  Result<Tensor> read_at(std::size_t index) override;

 private:
  explicit SafetensorsFile(std::shared_ptr<ByteSource> source) : source_(std::move(source)) {}

  std::shared_ptr<ByteSource> source_;
  std::vector<TensorInfo> infos_;
  std::vector<std::uint64_t> offsets_;  // in the source
  std::map<std::string, std::string> metadata_;
};

}  // namespace masklet
