#include "core/script/trace_tensors.h"

#include <algorithm>

namespace masklet {
namespace {

Tensor batch_of_one(Tensor tensor) {
  tensor.shape.insert(tensor.shape.begin(), 1);
  return tensor;
}

Tensor row(std::span<const float> values) {
  return Tensor::from({1, static_cast<std::int64_t>(values.size())}, values);
}

}  // namespace

void append_decode(std::vector<NamedTensor>& tensors, const std::string& tag, const DecodeRecord& record) {
  const SelectedMask& mask = record.mask;
  const std::string end = "_" + tag + "_o" + std::to_string(record.object) + "_f" + std::to_string(record.frame);
  const std::int64_t side = mask.masks_khw.shape[1];
  const auto best = mask.masks_khw.f32().subspan(mask.best * side * side, side * side);
  tensors.push_back({"sam_low_res_multimasks" + end, batch_of_one(mask.masks_khw)});
  tensors.push_back({"sam_low_res_masks" + end, Tensor::from({1, 1, side, side}, best)});
  tensors.push_back({"sam_ious" + end, row(mask.ious)});
  tensors.push_back({"sam_obj_ptr" + end, row(mask.pointer)});
  tensors.push_back({"sam_object_score" + end, row({&mask.object_score, 1})});
}

void append_input(std::vector<NamedTensor>& tensors, const std::string& tag, int frame, const Tensor& image) {
  std::string name = "encoder_input_" + tag + "_f" + std::to_string(frame);
  const auto known = [&](const NamedTensor& tensor) { return tensor.name == name; };
  if (std::none_of(tensors.begin(), tensors.end(), known)) tensors.push_back({std::move(name), image});
}

}  // namespace masklet
