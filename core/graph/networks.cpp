#include "core/graph/networks.h"

#include <algorithm>

#include "core/graph/parts.h"

namespace masklet {

namespace {

/// The mask decoder's matrices are small and its answer is the mask itself: int8 would gain little and cost most there.
WeightStorage weights_of(NetworkId id, const GraphOptions& options) {
  const bool coarse = options.weights == WeightStorage::q8 && id == NetworkId::mask_decoder;
  return coarse ? WeightStorage::f16 : options.weights;
}

/// About the bytes of the image encoder's external weights, the only ones that are many.
std::size_t image_encoder_bytes(const Architecture& a, const Checkpoint& checkpoint, WeightStorage weights) {
  const std::size_t bytes_each = weights == WeightStorage::f32 ? 4 : weights == WeightStorage::f16 ? 2 : 1;
  constexpr std::size_t kBesides = 1 << 20;  // scales, biases, alignment
  const std::size_t side = a.image_size / 4;
  std::size_t elements = 0;
  for (const TensorInfo& info : checkpoint.tensors()) {
    if (info.name.starts_with("image_encoder.")) elements += static_cast<std::size_t>(element_count(info.shape));
  }
  return elements * bytes_each + side * side * a.embed_dim * std::max<std::size_t>(bytes_each, 2) + kBesides;
}

}  // namespace

Result<Network> build_network(NetworkId id, const Architecture& architecture, Checkpoint& checkpoint,
                              const GraphOptions& options) {
  MASKLET_TRY(validate(architecture));
  if (options.attention_chunk < 1)
    return Error{ErrorCode::invalid_argument, "attention chunk is " + std::to_string(options.attention_chunk) +
                                                  "; it must be at least 1"};
  GraphBuilder b(id, checkpoint, weights_of(id, options));
  switch (id) {
    case NetworkId::image_encoder:
      b.expect_weight_bytes(image_encoder_bytes(architecture, checkpoint, b.weights()));
      image_encoder(b, architecture, options);
      break;
    case NetworkId::memory_attention:
      memory_attention(b, architecture, options);
      break;
    case NetworkId::mask_decoder:
      mask_decoder(b, architecture, options);
      break;
    case NetworkId::memory_encoder:
      memory_encoder(b, architecture, options);
      break;
  }
  return b.finish();
}

}  // namespace masklet
