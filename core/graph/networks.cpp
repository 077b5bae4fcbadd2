#include "core/graph/networks.h"

#include "core/graph/parts.h"

namespace masklet {

Result<Network> build_network(NetworkId id, const Architecture& architecture, Checkpoint& checkpoint,
                              const GraphOptions& options) {
  MASKLET_TRY(validate(architecture));
  if (options.attention_chunk < 1)
    return Error{ErrorCode::invalid_argument, "attention chunk is " + std::to_string(options.attention_chunk) +
                                                  "; it must be at least 1"};
  GraphBuilder b(id, checkpoint);
  switch (id) {
    case NetworkId::image_encoder:
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
