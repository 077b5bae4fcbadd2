#include "wasm/js_source.h"

#include <string>

namespace masklet::wasm {

using emscripten::val;

Status JsSource::read(std::uint64_t offset, std::span<std::byte> out) {
  if (out.empty()) return {};
  if (offset > size_ || out.size() > size_ - offset)
    return Error{ErrorCode::corrupt_file, "bytes " + std::to_string(offset) + " to " +
                                              std::to_string(offset + out.size()) + " are wanted of a file of " +
                                              std::to_string(size_)};
  const val view(emscripten::typed_memory_view(out.size(), reinterpret_cast<std::uint8_t*>(out.data())));
  const val problem = source_.call<val>("read", static_cast<double>(offset), view);
  if (problem.isUndefined()) return {};
  return Error{ErrorCode::io_failed, problem.as<std::string>()};
}

}  // namespace masklet::wasm
