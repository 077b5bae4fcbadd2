#include "wasm/js_record_store.h"

#include <string>

namespace masklet::wasm {
namespace {

using emscripten::val;

val view_of(std::span<const std::byte> bytes) {
  return val(emscripten::typed_memory_view(bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data())));
}

Status said(const val& problem) {
  if (problem.isUndefined()) return {};
  return Error{ErrorCode::io_failed, problem.as<std::string>()};
}

}  // namespace

Status JsRecordStore::write(int object, int frame, std::span<const std::byte> record) {
  return said(store_.call<val>("write", object, frame, view_of(record)));
}

Status JsRecordStore::read(int object, int frame, std::span<std::byte> record) {
  return said(store_.call<val>("read", object, frame, view_of(record)));
}

void JsRecordStore::forget(int object) { store_.call<void>("forget", object); }

}  // namespace masklet::wasm
