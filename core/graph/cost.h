#pragma once

#include "core/graph/network.h"
#include "core/model/architecture.h"

namespace masklet {

/// Floating-point operations (a multiply-add counts two) of the matrix products and convolutions of one run of a
/// network as this library builds it. `memories` and `pointers` matter to memory attention alone.
double network_flop(NetworkId id, const Architecture& architecture, int memories, int pointers);

}  // namespace masklet
