#include "core/weights/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <numeric>

#include "core/base/half.h"
#include "core/weights/quote_name.h"

namespace masklet {
namespace {

template <class T, class Convert>
void convert_all(const Tensor& from, Tensor& to, Convert convert) {
  const std::span<const T> values = from.as<T>();
  std::transform(values.begin(), values.end(), to.f32().begin(), convert);
}

/// The position of a row-major element, "[3, 0, 17]".
std::string position_text(const Shape& shape, std::size_t flat) {
  Shape position(shape.size());
  for (std::size_t i = shape.size(); i-- > 0;) {
    const auto side = static_cast<std::size_t>(shape[i]);
    position[i] = static_cast<std::int64_t>(flat % side);
    flat /= side;
  }
  return to_string(position);
}

template <class Read>
Result<Tensor> guarded(std::string_view name, const Read& read) {
  try {
    return read();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::out_of_memory, "there is no memory for tensor " + quote_name(name) +
                                               "; close other work or use a smaller model"};
  }
}

}  // namespace

Tensor to_f32(Tensor tensor) {
  if (tensor.dtype == DType::f32) return tensor;
  Tensor out(DType::f32, tensor.shape);
  const auto cast = [](auto value) { return static_cast<float>(value); };
  switch (tensor.dtype) {
    case DType::f32:
      break;
    case DType::f64:
      convert_all<double>(tensor, out, cast);
      break;
    case DType::f16:
      convert_all<std::uint16_t>(tensor, out, f32_from_f16);
      break;
    case DType::bf16:
      convert_all<std::uint16_t>(tensor, out, f32_from_bf16);
      break;
    case DType::i64:
      convert_all<std::int64_t>(tensor, out, cast);
      break;
    case DType::i32:
      convert_all<std::int32_t>(tensor, out, cast);
      break;
    case DType::i16:
      convert_all<std::int16_t>(tensor, out, cast);
      break;
    case DType::i8:
      convert_all<std::int8_t>(tensor, out, cast);
      break;
    case DType::u8:
    case DType::boolean:
      convert_all<std::uint8_t>(tensor, out, cast);
      break;
  }
  return out;
}

Status check_finite(std::string_view name, const Tensor& tensor) {
  const std::span<const float> values = tensor.f32();
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  if (bad == values.end()) return {};
  const auto flat = static_cast<std::size_t>(bad - values.begin());
  return Error{ErrorCode::weights_mismatch,
               "tensor " + quote_name(name) + " holds " + (std::isnan(*bad) ? "NaN" : "an infinite value") +
                   " at " + position_text(tensor.shape, flat) +
                   "; weights must be finite. Training diverged or the file is damaged: "
                   "use another checkpoint"};
}

const TensorInfo* Checkpoint::find(std::string_view name) const {
  const std::vector<TensorInfo>& all = tensors();
  if (by_name_.size() != all.size()) {
    by_name_.resize(all.size());
    std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
    std::sort(by_name_.begin(), by_name_.end(), [&](auto a, auto b) { return all[a].name < all[b].name; });
  }
  const auto found =
      std::lower_bound(by_name_.begin(), by_name_.end(), name,
                       [&](std::size_t index, std::string_view key) { return all[index].name < key; });
  return found == by_name_.end() || all[*found].name != name ? nullptr : &all[*found];
}

Result<Tensor> Checkpoint::read(std::string_view name) {
  const TensorInfo* info = find(name);
  if (!info)
    return Error{ErrorCode::weights_mismatch, "the checkpoint has no tensor " + quote_name(name) +
                                                  " among its " + std::to_string(tensors().size())};
  return guarded(name, [&] { return read_at(static_cast<std::size_t>(info - tensors().data())); });
}

Result<Tensor> Checkpoint::read_f32(std::string_view name) {
  MASKLET_ASSIGN(Tensor stored, read(name));
  return guarded(name, [&]() -> Result<Tensor> {
    MASKLET_ASSIGN(Tensor values,
                   widen(static_cast<std::size_t>(find(name) - tensors().data()), std::move(stored)));
    MASKLET_TRY(check_finite(name, values));
    return values;
  });
}

Result<Tensor> Checkpoint::widen(std::size_t index, Tensor stored) {
  static_cast<void>(index);
  return to_f32(std::move(stored));
}

}  // namespace masklet
