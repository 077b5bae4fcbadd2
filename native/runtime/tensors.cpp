#include "native/runtime/tensors.h"

#include <array>
#include <optional>
#include <utility>

namespace masklet::native {
namespace {

constexpr std::array<std::pair<DType, ort::ElementType>, 10> kElementTypes = {{
    {DType::f32, ort::ElementType::f32},
    {DType::u8, ort::ElementType::u8},
    {DType::i64, ort::ElementType::i64},
    {DType::i32, ort::ElementType::i32},
    {DType::i8, ort::ElementType::i8},
    {DType::f16, ort::ElementType::f16},
    {DType::boolean, ort::ElementType::boolean},
    {DType::i16, ort::ElementType::i16},
    {DType::f64, ort::ElementType::f64},
    {DType::bf16, ort::ElementType::bf16},
}};

std::optional<DType> dtype_of(ort::ElementType type) {
  for (const auto& [dtype, element_type] : kElementTypes)
    if (element_type == type) return dtype;
  return std::nullopt;
}

ort::ElementType element_type_of(DType dtype) {
  for (const auto& [candidate, element_type] : kElementTypes)
    if (candidate == dtype) return element_type;
  return {};
}

// Bytes of a dense tensor, or nothing where a size is negative or the product overflows.
std::optional<std::size_t> dense_bytes(const Shape& shape, DType dtype) {
  std::size_t bytes = dtype_bytes(dtype);
  for (std::int64_t size : shape)
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<std::size_t>(size), &bytes))
      return std::nullopt;
  return bytes;
}

struct Description {
  DType dtype;
  Shape shape;
  std::size_t bytes;
};

Result<Description> describe(const ort::Api& api, const ort::OrtValue* value, const std::string& what) {
  int is_tensor = 0;
  MASKLET_TRY(ort::take_status(api, api.IsTensor(value, &is_tensor), what));
  if (!is_tensor) return Error{ErrorCode::runtime_failed, what + " is not a tensor"};
  MASKLET_ASSIGN(const ort::TensorInfo info,
                 ort::make<ort::TensorInfo>(api, what, [&](ort::OrtTensorTypeAndShapeInfo** out) {
                   return api.GetTensorTypeAndShape(value, out);
                 }));
  ort::ElementType type{};
  MASKLET_TRY(ort::take_status(api, api.GetTensorElementType(info.get(), &type), what));
  std::size_t rank = 0;
  MASKLET_TRY(ort::take_status(api, api.GetDimensionsCount(info.get(), &rank), what));
  Shape shape(rank);
  MASKLET_TRY(ort::take_status(api, api.GetDimensions(info.get(), shape.data(), rank), what));
  const std::optional<DType> dtype = dtype_of(type);
  const std::optional<std::size_t> bytes = dtype ? dense_bytes(shape, *dtype) : std::nullopt;
  if (!bytes)
    return Error{ErrorCode::runtime_failed, what + " has ONNX element type " +
                                                std::to_string(static_cast<int>(type)) + " and shape " +
                                                to_string(shape) + ", which masklet does not exchange"};
  return Description{*dtype, std::move(shape), *bytes};
}

}  // namespace

Result<ort::Value> view_tensor(const ort::Api& api, const ort::OrtMemoryInfo* memory, const Tensor& tensor,
                               const std::string& what) {
  const std::optional<std::size_t> bytes = dense_bytes(tensor.shape, tensor.dtype);
  if (bytes != tensor.bytes.size())
    return Error{ErrorCode::invalid_argument, what + " has " + std::to_string(tensor.bytes.size()) +
                                                  " bytes, its shape " + to_string(tensor.shape) + " of " +
                                                  std::string(dtype_name(tensor.dtype)) + " needs " +
                                                  (bytes ? std::to_string(*bytes) : "sizes of 0 or more") +
                                                  ": fill the tensor as declared"};
  // An empty vector may have no address, and the runtime refuses null. It only reads inputs.
  static std::byte nothing;
  void* data = tensor.bytes.empty() ? &nothing : const_cast<std::byte*>(tensor.bytes.data());
  return ort::make<ort::Value>(api, what, [&](ort::OrtValue** out) {
    return api.CreateTensorWithDataAsOrtValue(memory, data, tensor.bytes.size(), tensor.shape.data(),
                                              tensor.shape.size(), element_type_of(tensor.dtype), out);
  });
}

Result<Tensor> copy_tensor(const ort::Api& api, ort::OrtValue* value, const std::string& what) {
  MASKLET_ASSIGN(Description description, describe(api, value, what));
  void* data = nullptr;
  MASKLET_TRY(ort::take_status(api, api.GetTensorMutableData(value, &data), what));
  Tensor tensor;
  tensor.dtype = description.dtype;
  tensor.shape = std::move(description.shape);
  const auto* begin = static_cast<const std::byte*>(data);
  if (description.bytes != 0) tensor.bytes.assign(begin, begin + description.bytes);
  return tensor;
}

Result<std::size_t> tensor_bytes(const ort::Api& api, const ort::OrtValue* value, const std::string& what) {
  MASKLET_ASSIGN(const Description description, describe(api, value, what));
  return description.bytes;
}

}  // namespace masklet::native
