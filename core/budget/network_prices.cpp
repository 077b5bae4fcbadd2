#include "core/budget/network_prices.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/graph/trunk_plan.h"
#include "core/model/model_tensors.h"

namespace masklet {
namespace {

constexpr std::uint64_t kFloat = 4;

std::uint64_t published_elements(const Architecture& a, std::string_view prefix) {
  std::uint64_t sum = 0;
  for (const TensorInfo& tensor : expected_tensors(a)) {
    if (tensor.name.starts_with(prefix)) sum += static_cast<std::uint64_t>(element_count(tensor.shape));
  }
  return sum;
}

/// Per layer: turned copies of the query and key projections.
std::uint64_t rotated_elements(const Architecture& a) {
  const std::uint64_t d = a.d_model, m = a.mem_dim;
  return a.memory_attention_layers * (3 * (d * d + d) + d * m + d);
}

std::uint64_t weight_elements(NetworkId id, const Architecture& a) {
  const std::uint64_t n = a.feature_tokens(), d = a.d_model, m = a.mem_dim, s4 = a.low_res_size();
  switch (id) {
    case NetworkId::image_encoder:
      // The trunk's position embedding is stretched over the map.
      return published_elements(a, "image_encoder.") + s4 * s4 * a.embed_dim;
    case NetworkId::memory_attention:
      return published_elements(a, "memory_attention.") + rotated_elements(a) + n * (3 * d + m);
    case NetworkId::mask_decoder:
      return published_elements(a, "sam_mask_decoder.") + published_elements(a, "sam_prompt_encoder.") +
             published_elements(a, "obj_ptr_proj.") + n * d;
    case NetworkId::memory_encoder:
      return published_elements(a, "memory_encoder.");
  }
  return 0;
}

/// Of these, two tables of rotations and two of positions, and one of positions: they stay f32.
std::uint64_t table_elements(NetworkId id, const Architecture& a) {
  const std::uint64_t n = a.feature_tokens(), d = a.d_model, m = a.mem_dim;
  return id == NetworkId::memory_attention ? n * (3 * d + m) : id == NetworkId::mask_decoder ? n * d : 0;
}

/// Of these, what stays f16 where linear layers become int8: positions, convolutions (two fifths of the memory encoder),
/// the whole decoder.
std::uint64_t unquantised_elements(NetworkId id, const Architecture& a) {
  const std::uint64_t s4 = a.low_res_size();
  switch (id) {
    case NetworkId::image_encoder:
      return s4 * s4 * a.embed_dim;
    case NetworkId::memory_attention:
      return 0;
    case NetworkId::mask_decoder:
      return weight_elements(id, a) - table_elements(id, a);
    case NetworkId::memory_encoder:
      return weight_elements(id, a) * 2 / 5;
  }
  return 0;
}

/// The widest moment of each block: attention over its windows, or its two linear layers.
double image_encoder_floats(const Architecture& a, int chunk) {
  double widest = 0;
  int side = a.image_size / 4;
  for (const TrunkBlock& block : trunk_plan(a)) {
    const double tokens = double{1} * side * side, out = block.dim_out;
    const int padded_side = block.window ? round_up(side, block.window) : side;
    const double padded = double{1} * padded_side * padded_side;
    const double keys = block.window ? block.window * block.window : tokens;
    const double queries = block.pools ? keys / 4 : keys;
    const double at_once = block.window ? padded / keys * queries : std::min<double>(chunk, queries);
    // The shortcut, queries, keys, values and one copy by head, pooled queries; scores before and after the softmax.
    const double pooled = block.pools ? padded * out / 4 : 0;
    const double attention = tokens * out + 4 * padded * out + pooled + 2 * at_once * block.heads * keys;
    if (block.pools) side /= 2;
    // The shortcut and the sum, and the hidden layer before and after its activation.
    const double linear = double{1} * side * side * out * (2 + 2 * 4);
    widest = std::max({widest, attention, linear});
  }
  return widest;
}

double memory_attention_floats(const Architecture& a, const RunShape& shape) {
  const double n = a.feature_tokens(), d = a.d_model, m = a.mem_dim;
  const double spatial = shape.memories * n, keys = spatial + shape.pointers * a.tokens_per_pointer();
  const double chunk = std::min<double>(shape.attention_chunk, n);
  // Values and keys of the memory; the keys straight, turned and put together; the image's own maps; scores.
  const double cross = 3 * keys * m + 3 * keys * d + 4 * n * d + 2 * chunk * keys;
  const double linear = n * (5 * d + 2 * a.memory_attention_dim_feedforward);
  return std::max(cross, linear);
}

double mask_decoder_floats(const Architecture& a) {
  const double n = a.feature_tokens(), d = a.d_model;
  // Image tokens with and without position; the upscaled map (2 n d) before and after its activation.
  return 6 * n * d;
}

double memory_encoder_floats(const Architecture& a) {
  const double n = a.feature_tokens(), d = a.d_model, s = a.image_size;
  // The mask at full size, several times, and its first convolution; the fuser's hidden layer.
  return std::max(10 * s * s, n * d * (3 + 2 * 4));
}

}  // namespace

std::uint64_t network_weight_bytes(NetworkId id, const Architecture& a, WeightStorage weights) {
  const std::uint64_t all = weight_elements(id, a), tables = table_elements(id, a);
  switch (weights) {
    case WeightStorage::f32:
      return all * kFloat;
    case WeightStorage::f16:
      return (all - tables) * 2 + tables * kFloat;
    case WeightStorage::q8:
      return all - tables + unquantised_elements(id, a) + tables * kFloat;
  }
  return 0;
}

std::uint64_t network_activation_bytes(NetworkId id, const Architecture& a, const RunShape& shape) {
  switch (id) {
    case NetworkId::image_encoder:
      return static_cast<std::uint64_t>(kFloat * image_encoder_floats(a, shape.attention_chunk));
    case NetworkId::memory_attention:
      return static_cast<std::uint64_t>(kFloat * memory_attention_floats(a, shape));
    case NetworkId::mask_decoder:
      return static_cast<std::uint64_t>(kFloat * mask_decoder_floats(a));
    case NetworkId::memory_encoder:
      return static_cast<std::uint64_t>(kFloat * memory_encoder_floats(a));
  }
  return 0;
}

std::uint64_t track_record_bytes(const Architecture& a) {
  const std::uint64_t low = a.low_res_size(), n = a.feature_tokens();
  return (low * low + a.d_model) * kFloat + n * a.mem_dim * 2;
}

std::uint64_t frame_feature_bytes(const Architecture& a) {
  const std::uint64_t n = a.feature_tokens(), d = a.d_model;
  return kFloat * (n * d + 16 * n * (d / 8) + 4 * n * (d / 4));
}

}  // namespace masklet
