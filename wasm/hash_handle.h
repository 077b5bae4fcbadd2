#pragma once

#include <emscripten/val.h>

#include <string>

#include "core/base/sha256.h"

namespace masklet::wasm {

/// SHA-256 of Uint8Arrays that arrive one by one.
class HashHandle {
 public:
  void update(emscripten::val bytes);
  std::string hex() { return sum_.hex(); }

 private:
  Sha256 sum_;
};

/// {value: string}: the fingerprint of a source as CheckpointHandle::open takes it.
emscripten::val source_fingerprint(emscripten::val source);

}  // namespace masklet::wasm
