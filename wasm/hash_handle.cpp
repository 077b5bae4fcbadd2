#include "wasm/hash_handle.h"

#include "core/weights/fingerprint.h"
#include "wasm/js_source.h"
#include "wasm/values.h"

namespace masklet::wasm {

void HashHandle::update(val bytes) {
  const std::vector<std::uint8_t> copy = bytes_of(bytes);
  sum_.update(std::as_bytes(std::span(copy)));
}

val source_fingerprint(val source) {
  return guarded([&] {
    JsSource bytes(source);
    const auto found = fingerprint(bytes);
    return found ? success(val(*found)) : failure(found.error());
  });
}

}  // namespace masklet::wasm
