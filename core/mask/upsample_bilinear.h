#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/mask/mask_statistics.h"

namespace masklet {

/// Bilinear interpolation without antialias: torch.nn.functional.interpolate(mode="bilinear",
/// align_corners=False) of one f32 plane, [height, width] to [out_height, out_width], in f32 as there. This
/// is how low-resolution logits come to the size of the video or of the model. Sizes from 1 on; spans of
/// those sizes. It shrinks as well, by sampling.
void upsample_bilinear(std::span<const float> plane, int width, int height, int out_width, int out_height,
                       std::span<float> out);

/// upsample_bilinear, then > threshold, row by row without the float plane and with exactly the same
/// decisions. The model's masks are logits > 0. `out` holds [out_height, out_width] of 0 or 1.
void threshold_upsampled(std::span<const float> logits, int width, int height, int out_width, int out_height,
                         float threshold, std::span<std::uint8_t> out);

/// upsample_bilinear by rows, for what needs only a part of the plane or several planes at once.
class UpsampledRows {
 public:
  /// `plane` must outlive it.
  UpsampledRows(std::span<const float> plane, int width, int height, int out_width, int out_height);

  /// The pixels that may be above 0: any other lies between inputs of which none is, and then is not either,
  /// to the bit. All zero where no input is above 0.
  PixelBox positive_box() const;

  /// Writes row `y` from column `x` on. Each input row is interpolated once where rows are read downwards and
  /// columns stay the same.
  void read(int y, int x, std::span<float> row);

 private:
  /// The two inputs that an output lies between, and their weights.
  struct Tap {
    int first;
    int second;
    float first_weight;
    float second_weight;
  };
  /// An input row, interpolated along the columns that are read.
  struct Row {
    int y = -1;
    std::vector<float> values;
  };

  static std::vector<Tap> taps_of(int in_size, int out_size);
  void fill(Row& row, int y) const;

  std::span<const float> plane_;
  int width_;
  std::vector<Tap> columns_;
  std::vector<Tap> rows_;
  int first_column_ = 0;
  Row upper_;
  Row lower_;
};

}  // namespace masklet
