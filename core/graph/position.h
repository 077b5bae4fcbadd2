#pragma once

#include "core/base/tensor.h"

namespace masklet {

// Position encodings that are constants of a graph. Computed in double and rounded once.

/// PositionEmbeddingSine, normalised, temperature 10000: [side*side, channels], y half first.
Tensor sine_position(int side, int channels);

/// Cosines and sines of axial RoPE over a side x side map, each [side*side, channels]: the angle of channel pair
/// (2i, 2i+1) is x / theta^(4i/channels) for the first half of the pairs and y / ... for the second.
struct RopeTables {
  Tensor cosine;
  Tensor sine;
};
RopeTables rope_tables(int side, int channels, double theta);

/// The weights of a projection followed by the quarter turn (a, b) -> (-b, a) of each channel pair, so that
/// rope(y) = y * cosine + turned(y) * sine. Works on a weight [out, in] and on a bias [out].
Tensor turn_pairs(const Tensor& weight);

/// torch's bicubic interpolation (a = -0.75, align_corners false, no antialias), [channels, h, w] -> tokens
/// [out_h*out_w, channels].
Tensor bicubic_tokens(const Tensor& map_chw, int out_h, int out_w);

/// PositionEmbeddingRandom over a side x side grid: gaussian [2, channels/2] -> [side*side, channels].
Tensor random_fourier_grid(const Tensor& gaussian, int side);

/// 10000^(2 floor(i/2) / count) for i < count: the periods of the one-dimensional sine encoding, [1, count].
Tensor sine_periods(int count);

}  // namespace masklet
