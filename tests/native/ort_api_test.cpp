#include "native/runtime/ort_api.h"

#include <catch2/catch.hpp>

#if __has_include(<onnxruntime_c_api.h>)
#include <onnxruntime_c_api.h>
#define HAVE_ONNXRUNTIME_HEADER
#endif

namespace ort = masklet::native::ort;
using masklet::ErrorCode;

TEST_CASE("the declared slots are those of a system header") {
#ifdef HAVE_ONNXRUNTIME_HEADER
#define MASKLET_ORT(slot, since, name, result, parameters) \
  CHECK(offsetof(::OrtApi, name) == slot * sizeof(void*));
#include "native/runtime/ort_functions.inc"
#undef MASKLET_ORT
  CHECK(offsetof(ort::OrtAllocator, allocate) == offsetof(::OrtAllocator, Alloc));
  CHECK(offsetof(ort::OrtAllocator, release) == offsetof(::OrtAllocator, Free));
  CHECK(offsetof(ort::OrtAllocator, info) == offsetof(::OrtAllocator, Info));
  CHECK(offsetof(ort::OrtAllocator, reserve) == offsetof(::OrtAllocator, Reserve));
  CHECK(static_cast<int>(ort::LogLevel::fatal) == ORT_LOGGING_LEVEL_FATAL);
  CHECK(static_cast<int>(ort::OptimizationLevel::extended) == ORT_ENABLE_EXTENDED);
  CHECK(static_cast<int>(ort::OptimizationLevel::all) == ORT_ENABLE_ALL);
  CHECK(static_cast<int>(ort::ExecutionMode::sequential) == ORT_SEQUENTIAL);
  CHECK(static_cast<int>(ort::AllocatorType::device) == OrtDeviceAllocator);
  CHECK(static_cast<int>(ort::MemoryType::normal) == OrtMemTypeDefault);
  CHECK(static_cast<int>(ort::ElementType::f32) == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT);
  CHECK(static_cast<int>(ort::ElementType::u8) == ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8);
  CHECK(static_cast<int>(ort::ElementType::i8) == ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8);
  CHECK(static_cast<int>(ort::ElementType::i16) == ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16);
  CHECK(static_cast<int>(ort::ElementType::i32) == ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32);
  CHECK(static_cast<int>(ort::ElementType::i64) == ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64);
  CHECK(static_cast<int>(ort::ElementType::boolean) == ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL);
  CHECK(static_cast<int>(ort::ElementType::f16) == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16);
  CHECK(static_cast<int>(ort::ElementType::f64) == ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE);
  CHECK(static_cast<int>(ort::ElementType::bf16) == ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16);
#else
  WARN("skipped: no onnxruntime_c_api.h found (cmake -DONNXRUNTIME_INCLUDE=DIR)");
#endif
}

TEST_CASE("a library that is missing or not ONNX Runtime is named in the error") {
  const auto missing = ort::open_library("/nowhere/libonnxruntime.so.1");
  REQUIRE(!missing);
  CHECK(missing.error().code == ErrorCode::io_failed);
  CHECK(missing.error().message.find("/nowhere/libonnxruntime.so.1") != std::string::npos);
  CHECK(missing.error().message.find("tools/setup") != std::string::npos);

  const auto foreign = ort::open_library("libm.so.6");
  REQUIRE(!foreign);
  CHECK(foreign.error().code == ErrorCode::runtime_failed);
  CHECK(foreign.error().message.find("OrtGetApiBase") != std::string::npos);
}

TEST_CASE("the library opens and every function that masklet calls is there") {
  const auto library = ort::open_library("");
  if (!library) FAIL(library.error().message);
  CHECK(!(*library)->version.empty());
#define MASKLET_ORT(slot, since, name, result, parameters) CHECK((*library)->api.name != nullptr);
#include "native/runtime/ort_functions.inc"
#undef MASKLET_ORT
}
