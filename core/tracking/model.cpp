#include "core/tracking/model.h"

namespace masklet {
namespace {

Result<std::vector<float>> read_constant(Checkpoint& checkpoint, const char* name, const Shape& shape) {
  MASKLET_ASSIGN(const Tensor tensor, checkpoint.read_f32(name));
  if (tensor.shape != shape)
    return Error{ErrorCode::weights_mismatch, "tensor '" + std::string(name) + "' is of shape " +
                                                  to_string(tensor.shape) + "; this architecture needs " +
                                                  to_string(shape)};
  return std::vector<float>(tensor.f32().begin(), tensor.f32().end());
}

}  // namespace

Result<Model> load_model(const Architecture& architecture, Checkpoint& checkpoint) {
  Model model{architecture, {}};
  MASKLET_ASSIGN(model.constants.no_object_pointer, read_constant(checkpoint, "no_obj_ptr", {1, architecture.d_model}));
  MASKLET_ASSIGN(model.constants.mask_downsample_weight,
                 read_constant(checkpoint, "mask_downsample.weight", {1, 1, 4, 4}));
  MASKLET_ASSIGN(const std::vector<float> bias, read_constant(checkpoint, "mask_downsample.bias", {1}));
  model.constants.mask_downsample_bias = bias[0];
  return model;
}

}  // namespace masklet
