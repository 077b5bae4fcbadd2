#pragma once

#include <emscripten/val.h>

#include "core/weights/byte_source.h"

namespace masklet::wasm {

/// Bytes that JavaScript reads: a File through FileReaderSync, a file of the origin's private file system, or memory.
class JsSource final : public ByteSource {
 public:
  explicit JsSource(emscripten::val source)
      : source_(source), size_(static_cast<std::uint64_t>(source["size"].as<double>())) {}

  std::uint64_t size() const override { return size_; }
  Status read(std::uint64_t offset, std::span<std::byte> out) override;

 private:
  emscripten::val source_;
  std::uint64_t size_;
};

}  // namespace masklet::wasm
