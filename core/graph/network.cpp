#include "core/graph/network.h"

namespace masklet {

std::string_view network_name(NetworkId id) {
  switch (id) {
    case NetworkId::image_encoder:
      return "image_encoder";
    case NetworkId::memory_attention:
      return "memory_attention";
    case NetworkId::mask_decoder:
      return "mask_decoder";
    case NetworkId::memory_encoder:
      return "memory_encoder";
  }
  return "";
}

}  // namespace masklet
