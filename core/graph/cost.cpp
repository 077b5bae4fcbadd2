#include "core/graph/cost.h"

#include "core/graph/trunk_plan.h"

namespace masklet {
namespace {

double product(double m, double k, double n) { return 2 * m * k * n; }

double image_encoder_flop(const Architecture& a) {
  int side = a.image_size / 4;
  double flop = product(double{1} * side * side, 3 * 7 * 7, a.embed_dim);
  std::vector<std::pair<int, int>> stages;  // side, channels
  for (const TrunkBlock& block : trunk_plan(a)) {
    const double tokens = double{1} * side * side, out = block.dim_out;
    const int padded = block.window ? round_up(side, block.window) : side;
    const double keys = block.window ? block.window * block.window : tokens;
    const double windows = padded * padded / keys, queries = block.pools ? keys / 4 : keys;
    if (block.dim != block.dim_out) flop += product(tokens, block.dim, out);
    flop += 3 * product(windows * keys, block.dim, out);
    flop += 2 * windows * product(queries, keys, out);
    flop += product(windows * queries, out, out);
    if (block.pools) side /= 2;
    flop += 2 * product(double{1} * side * side, out, 4 * out);
    if (block.ends_stage) stages.emplace_back(side, block.dim_out);
  }
  const auto pixels = [&](int level) { return double{1} * stages[level].first * stages[level].first; };
  flop += product(pixels(3), stages[3].second, a.d_model) + product(pixels(2), stages[2].second, a.d_model);
  flop += product(pixels(0), stages[0].second, a.d_model / 8) + product(pixels(1), stages[1].second, a.d_model / 4);
  return flop;
}

double memory_attention_flop(const Architecture& a, int memories, int pointers) {
  const double n = a.feature_tokens(), d = a.d_model, m = a.mem_dim;
  const double spatial = memories * n, pointer_tokens = pointers * a.tokens_per_pointer();
  const double keys = spatial + pointer_tokens;
  const double self = 6 * product(n, d, d) + 2 * product(n, n, d);
  const double projections = 2 * product(n, d, d) + 2 * product(spatial, m, d) + product(pointer_tokens, m, d);
  const double cross = projections + product(n, keys, d) + product(n, keys, m) + product(n, m, d);
  const double feed_forward = 2 * product(n, d, a.memory_attention_dim_feedforward);
  return a.memory_attention_layers * (self + cross + feed_forward);
}

double mask_decoder_flop(const Architecture& a) {
  const double n = a.feature_tokens(), d = a.d_model, tokens = 8;  // six of the decoder's and two of padding
  const double half = d / 2;
  // Image tokens are projected for keys and values of the way there, and as queries of the way back.
  const double to_image = 2 * product(n, d, half) + 2 * product(tokens, n, half);
  const double from_image = product(n, d, half) + product(n, half, d) + 2 * product(n, tokens, half);
  const double token_work = product(tokens, d, 4 * d) + 2 * product(tokens, d, 2048);
  const double transformer = 2 * (to_image + from_image + token_work) + to_image;
  const double upscaling = product(n, d, d) + product(4 * n, d / 4, d / 2) + product(16 * n, d / 8, 4);
  const double mask_prompt = product(4 * n, 4, 4) + product(n, 16, 16) + product(n, 16, d);
  return transformer + upscaling + mask_prompt;
}

double memory_encoder_flop(const Architecture& a) {
  const double n = a.feature_tokens(), d = a.d_model;
  double flop = 0, in = 1, pixels = double{1} * a.image_size * a.image_size;
  for (int stage = 0; stage < 4; ++stage, in *= 4) flop += product(pixels /= 4, in * 9, in * 4);
  flop += product(n, 256, d) + product(n, d, d);
  flop += 2 * (product(n, 49, d) + 2 * product(n, d, 4 * d));
  return flop + product(n, d, a.mem_dim);
}

}  // namespace

double network_flop(NetworkId id, const Architecture& a, int memories, int pointers) {
  switch (id) {
    case NetworkId::image_encoder:
      return image_encoder_flop(a);
    case NetworkId::memory_attention:
      return memory_attention_flop(a, memories, pointers);
    case NetworkId::mask_decoder:
      return mask_decoder_flop(a);
    case NetworkId::memory_encoder:
      return memory_encoder_flop(a);
  }
  return 0;
}

}  // namespace masklet
