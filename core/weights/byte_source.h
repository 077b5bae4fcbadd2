#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/result.h"

namespace masklet {

/// Random access to bytes that may be larger than memory: a file, a browser File, a buffer.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  virtual std::uint64_t size() const = 0;

  /// Fills `out` with the bytes from `offset` on, or fails without a partial read being visible as success.
  virtual Status read(std::uint64_t offset, std::span<std::byte> out) = 0;
};

/// A source over bytes that it owns.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Status read(std::uint64_t offset, std::span<std::byte> out) override;

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace masklet
