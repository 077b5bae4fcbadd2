#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace masklet {

/// The networks of a SAM 2, each one ONNX model.
enum class NetworkId { image_encoder, memory_attention, mask_decoder, memory_encoder };

inline constexpr int kNetworkCount = 4;

/// "image_encoder", ...
std::string_view network_name(NetworkId id);

/// The name under which an ONNX model refers to its external weights.
inline constexpr std::string_view kExternalWeights = "weights.bin";

/// An ONNX model whose large initializers lie outside it, in `weights`, where the model's TensorProtos point by
/// (kExternalWeights, offset, length). The host may free both once its runtime has loaded them.
struct Network {
  NetworkId id = NetworkId::image_encoder;
  std::vector<std::byte> onnx;
  std::vector<std::byte> weights;
};

}  // namespace masklet
