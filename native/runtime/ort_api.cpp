#include "native/runtime/ort_api.h"

#include <dlfcn.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace masklet::native::ort {
namespace {

// The one exported symbol, OrtGetApiBase, returns this.
struct ApiBase {
  const void* (*get_api)(std::uint32_t version);
  const char* (*get_version_string)();
};

constexpr std::string_view kRemedy =
    "run tools/setup, configure with -DONNXRUNTIME_ROOT=DIR, or set MASKLET_ONNXRUNTIME to the shared "
    "library";

std::vector<std::string> candidate_paths(const std::string& path) {
  if (!path.empty()) return {path};
  if (const char* override_path = std::getenv("MASKLET_ONNXRUNTIME"); override_path && *override_path)
    return {override_path};
  std::vector<std::string> paths;
#ifdef MASKLET_ONNXRUNTIME_LIBRARY
  paths.emplace_back(MASKLET_ONNXRUNTIME_LIBRARY);
#endif
  paths.emplace_back("libonnxruntime.so.1");
  return paths;
}

// "1.30.0" -> 30: the API version is the minor version.
int api_version(std::string_view version) {
  const auto dot = version.find('.');
  if (dot == std::string_view::npos) return 0;
  int minor = 0;
  std::from_chars(version.data() + dot + 1, version.data() + version.size(), minor);
  return minor;
}

Api fill(const void* table) {
  const auto* slots = static_cast<void* const*>(table);
  Api api;
#define MASKLET_ORT(slot, since, name, result, parameters) \
  static_assert(since <= kApiVersion);                     \
  api.name = reinterpret_cast<result(*) parameters>(slots[slot]);
#include "native/runtime/ort_functions.inc"
#undef MASKLET_ORT
  return api;
}

}  // namespace

Result<std::shared_ptr<const Library>> open_library(const std::string& path) {
  void* library = nullptr;
  std::string opened, reasons;
  for (const std::string& candidate : candidate_paths(path)) {
    library = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL);
    opened = candidate;
    if (library) break;
    const char* reason = dlerror();
    reasons += (reasons.empty() ? "" : "; ") + std::string(reason ? reason : candidate.c_str());
  }
  if (!library)
    return Error{ErrorCode::io_failed, "cannot open ONNX Runtime (" + reasons + "): " + std::string(kRemedy)};

  auto get_base = reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"));
  if (!get_base)
    return Error{ErrorCode::runtime_failed,
                 opened + " is not ONNX Runtime, it has no OrtGetApiBase: " + std::string(kRemedy)};
  const ApiBase* base = get_base();
  const std::string version = base->get_version_string();
  // Asked only when it exists: the library prints to stderr otherwise.
  const void* table = api_version(version) >= kApiVersion ? base->get_api(kApiVersion) : nullptr;
  if (!table)
    return Error{ErrorCode::runtime_failed, opened + " is ONNX Runtime " + version + ", masklet needs 1." +
                                                std::to_string(kApiVersion) +
                                                " or newer: " + std::string(kRemedy)};
  return std::shared_ptr<const Library>(new Library{fill(table), opened, version});
}

Status take_status(const Api& api, OrtStatus* status, const std::string& what) {
  if (!status) return {};
  const Handle<OrtStatus, &Api::ReleaseStatus> owner(status, {&api});
  const std::string_view message = api.GetErrorMessage(status);
  // The runtime has no code of its own for memory; these are the C++ library's words and its own.
  constexpr std::array<std::string_view, 4> kMemoryWords = {"bad_alloc", "Failed to allocate memory",
                                                            "failed to allocate", "out of memory"};
  ErrorCode code = ErrorCode::runtime_failed;
  for (std::string_view words : kMemoryWords)
    if (message.find(words) != std::string_view::npos) code = ErrorCode::out_of_memory;
  return Error{code, what + ": " + std::string(message)};
}

}  // namespace masklet::native::ort
