#include "core/weights/weight_storage.h"

#include <algorithm>
#include <cmath>

#include "core/base/half.h"
#include "core/weights/quote_name.h"

namespace masklet {

std::string_view weight_storage_name(WeightStorage storage) {
  switch (storage) {
    case WeightStorage::f32:
      return "f32";
    case WeightStorage::f16:
      return "f16";
    case WeightStorage::q8:
      return "q8";
  }
  return "";
}

Result<WeightStorage> parse_weight_storage(std::string_view name) {
  for (const WeightStorage storage : {WeightStorage::f32, WeightStorage::f16, WeightStorage::q8}) {
    if (name == weight_storage_name(storage)) return storage;
  }
  return Error{ErrorCode::invalid_argument,
               "weights cannot be stored as " + quote_name(name) + "; choose f32, f16 or q8"};
}

Result<Tensor> to_f16(std::string_view name, const Tensor& tensor) {
  constexpr float kMaxF16 = 65504.0f;
  Tensor out(DType::f16, tensor.shape);
  const auto values = tensor.f32();
  const auto large =
      std::find_if(values.begin(), values.end(), [](float v) { return std::fabs(v) > kMaxF16; });
  if (large != values.end()) {
    return Error{ErrorCode::weights_mismatch, "tensor " + quote_name(name) + " holds " +
                                                  std::to_string(*large) +
                                                  ", beyond f16's 65504; store the model as f32 or q8"};
  }
  std::transform(values.begin(), values.end(), out.as<std::uint16_t>().begin(), f16_from_f32);
  return out;
}

}  // namespace masklet
