#pragma once

#include <emscripten/val.h>

#include "core/tracking/record_store.h"

namespace masklet::wasm {

/// Records that JavaScript keeps: an object {write(object, frame, view), read(object, frame, view), forget(object)}, whose
/// write and read return undefined, or a message where they cannot.
class JsRecordStore final : public RecordStore {
 public:
  explicit JsRecordStore(emscripten::val store) : store_(store) {}

  Status write(int object, int frame, std::span<const std::byte> record) override;
  Status read(int object, int frame, std::span<std::byte> record) override;
  void forget(int object) override;

 private:
  emscripten::val store_;
};

}  // namespace masklet::wasm
