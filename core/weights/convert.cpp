#include "core/weights/convert.h"

#include "core/weights/quantised.h"
#include "core/weights/quote_name.h"

namespace masklet {
namespace {

constexpr std::int64_t kMinQuantisedElements = 1024;

bool is_quantised(const TensorInfo& info) {
  return info.shape.size() >= 2 && info.shape.front() > 1 &&
         element_count(info.shape) >= kMinQuantisedElements;
}

}  // namespace

Status write_converted(Checkpoint& checkpoint, const std::vector<TensorInfo>& tensors, WeightStorage storage,
                       const std::map<std::string, std::string>& metadata, const ByteSink& sink) {
  std::vector<TensorInfo> stored;
  std::vector<std::size_t> source_of;  // index in `tensors` of each stored one
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorInfo& info = tensors[i];
    const bool quantised = storage == WeightStorage::q8 && is_quantised(info);
    const DType dtype = quantised ? DType::i8 : storage == WeightStorage::f16 ? DType::f16 : DType::f32;
    stored.push_back({info.name, dtype, info.shape});
    source_of.push_back(i);
    if (!quantised) continue;
    // Behind the values, so that one reading of the tensor serves both.
    stored.push_back({info.name + std::string(kScaleSuffix), DType::f32, {info.shape.front()}});
    source_of.push_back(i);
  }

  Tensor pending_scale;
  const auto provider = [&](std::size_t index) -> Result<Tensor> {
    const TensorInfo& info = tensors[source_of[index]];
    if (index > 0 && source_of[index - 1] == source_of[index]) return std::move(pending_scale);
    MASKLET_ASSIGN(Tensor values, checkpoint.read_f32(info.name));
    if (values.shape != info.shape) {
      return Error{ErrorCode::weights_mismatch, "tensor " + quote_name(info.name) + " has shape " +
                                                    to_string(values.shape) + " instead of " +
                                                    to_string(info.shape)};
    }
    if (stored[index].dtype == DType::f16) return to_f16(info.name, values);
    if (stored[index].dtype == DType::f32) return values;
    QuantisedTensor quantised = quantise(values);
    pending_scale = std::move(quantised.scale_c);
    return std::move(quantised.values_i8);
  };
  return write_safetensors(stored, metadata, provider, sink);
}

}  // namespace masklet
