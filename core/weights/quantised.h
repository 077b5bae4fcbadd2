#pragma once

#include <memory>
#include <string_view>

#include "core/base/result.h"
#include "core/weights/checkpoint.h"

namespace masklet {

/// Behind a quantised tensor's name: the tensor of its scales.
inline constexpr std::string_view kScaleSuffix = ".q8_scale";

/// One scale a channel: int8 [channels, ...] and f32 [channels], value = int8 * scale.
struct QuantisedTensor {
  Tensor values_i8;
  Tensor scale_c;
};

/// Symmetric int8 over -127 .. 127, one scale for each index of the first dimension. `tensor` is f32 and
/// finite, of at least one dimension.
QuantisedTensor quantise(const Tensor& tensor);

/// The f32 values that int8 values and their scales stand for.
Tensor dequantise(const QuantisedTensor& tensor);

/// The checkpoint itself where it holds no scales; otherwise a view of it that hides them and whose read_f32
/// gives dequantised values. Errors: weights_mismatch where a scale belongs to no i8 tensor or is not f32 of
/// its channels.
Result<std::unique_ptr<Checkpoint>> hide_scales(std::unique_ptr<Checkpoint> checkpoint);

}  // namespace masklet
