#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/result.h"

/// ONNX Runtime's C API as far as masklet calls it, declared here because the npm package and Debian bring
/// the shared library without its header. Nothing links against the library: it is opened when a runtime is
/// made.
namespace masklet::native::ort {

struct OrtEnv;
struct OrtMemoryInfo;
struct OrtRunOptions;
struct OrtSession;
struct OrtSessionOptions;
struct OrtStatus;
struct OrtTensorTypeAndShapeInfo;
struct OrtValue;

// The values of the C enumerations, which are as fixed as the slots.
enum class LogLevel : int { verbose = 0, info = 1, warning = 2, error = 3, fatal = 4 };
enum class OptimizationLevel : int { none = 0, basic = 1, extended = 2, layout = 3, all = 99 };
enum class ExecutionMode : int { sequential = 0, parallel = 1 };
enum class AllocatorType : int { device = 0 };
enum class MemoryType : int { normal = 0 };
enum class ElementType : int {
  f32 = 1,
  u8 = 2,
  i8 = 3,
  i16 = 5,
  i32 = 6,
  i64 = 7,
  boolean = 9,
  f16 = 10,
  f64 = 11,
  bf16 = 16
};

/// An allocator that a caller gives to the runtime. The runtime reads the fields that `version` knows.
struct OrtAllocator {
  std::uint32_t version;
  void* (*allocate)(OrtAllocator*, std::size_t bytes);
  void (*release)(OrtAllocator*, void* block);
  const OrtMemoryInfo* (*info)(const OrtAllocator*);
  void* (*reserve)(OrtAllocator*, std::size_t bytes);  ///< as allocate, while a session is made
  // From version 23 on; null.
  OrtStatus* (*statistics)(const OrtAllocator*, struct OrtKeyValuePairs** out);
  void* (*allocate_on_stream)(OrtAllocator*, std::size_t bytes, struct OrtSyncStream*);
  OrtStatus* (*shrink)(OrtAllocator*);
};

/// The function pointers by name.
struct Api {
#define MASKLET_ORT(slot, since, name, result, parameters) result(*name) parameters = nullptr;
#include "native/runtime/ort_functions.inc"
#undef MASKLET_ORT
};

/// The API that masklet asks for, the first that loads a network's weights from memory. Newer libraries serve
/// it.
inline constexpr int kApiVersion = 18;

struct Library {
  Api api;
  std::string path;
  std::string version;  ///< "1.30.0"
};

/// Opens ONNX Runtime: `path`, or where that is empty the environment variable MASKLET_ONNXRUNTIME, else the
/// library that CMake found, else what the system's loader finds as libonnxruntime.so.1. A library stays open
/// for the life of the process, because its threads and thread-locals do not survive unloading. Fails with
/// io_failed (no such library) and runtime_failed (not ONNX Runtime, or too old).
Result<std::shared_ptr<const Library>> open_library(const std::string& path);

/// Releases an object through the API that made it.
template <auto Release>
struct Releaser {
  const Api* api = nullptr;
  template <class T>
  void operator()(T* object) const {
    (api->*Release)(object);
  }
};
template <class T, auto Release>
using Handle = std::unique_ptr<T, Releaser<Release>>;

using Env = Handle<OrtEnv, &Api::ReleaseEnv>;
using MemoryInfo = Handle<OrtMemoryInfo, &Api::ReleaseMemoryInfo>;
using Session = Handle<OrtSession, &Api::ReleaseSession>;
using SessionOptions = Handle<OrtSessionOptions, &Api::ReleaseSessionOptions>;
using TensorInfo = Handle<OrtTensorTypeAndShapeInfo, &Api::ReleaseTensorTypeAndShapeInfo>;
using Value = Handle<OrtValue, &Api::ReleaseValue>;

/// Success for null; else the status as an Error whose message starts with `what`. Takes ownership of
/// `status`. Messages that speak of memory become out_of_memory, all others runtime_failed.
Status take_status(const Api& api, OrtStatus* status, const std::string& what);

/// Calls `create(out)` and wraps what it made.
template <class Handle, class Create>
Result<Handle> make(const Api& api, const std::string& what, Create create) {
  typename Handle::pointer object = nullptr;
  MASKLET_TRY(take_status(api, create(&object), what));
  return Handle(object, {&api});
}

}  // namespace masklet::native::ort
