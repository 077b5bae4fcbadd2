#pragma once

#include <cstdint>

#include "core/graph/network.h"
#include "core/model/architecture.h"
#include "core/weights/weight_storage.h"

namespace masklet {

/// What shapes the activations of one run, beside the architecture.
struct RunShape {
  int memories = 7;
  int pointers = 16;
  int attention_chunk = 256;
};

/// Weights of a network as core/graph writes them: the published tensors, what it adds to them (rotated copies,
/// tables of positions for the input size), as a runtime keeps them.
std::uint64_t network_weight_bytes(NetworkId id, const Architecture& architecture, WeightStorage weights);

/// The most that one run of a network has alive beside its weights: tensors inside it and its outputs. These are
/// the largest shapes that the graph has at once; which ones the runtime keeps was found by measuring
/// (tools/bench/memory, ONNX Runtime 1.30 on processors). What an allocator holds on top is HostCosts' affair.
std::uint64_t network_activation_bytes(NetworkId id, const Architecture& architecture, const RunShape& shape);

/// The arrays of one object's record on one frame: logits, pointer, memory.
std::uint64_t track_record_bytes(const Architecture& architecture);

/// Features of one frame, which the host keeps.
std::uint64_t frame_feature_bytes(const Architecture& architecture);

}  // namespace masklet
