#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/mask/mask_statistics.h"

namespace masklet {

/// A mask as COCO stores it: lengths of alternating runs of zeros and ones, zeros first, down the columns
/// from the left one on. A valid one has counts that sum to width * height; rle_encode, rle_from_counts and
/// rle_from_string make no other, and every function below expects it. Follows pycocotools' maskApi.c.
struct Rle {
  int width = 0;
  int height = 0;
  std::vector<std::uint32_t> counts;

  friend bool operator==(const Rle&, const Rle&) = default;
};

/// The nonzero pixels of `mask`, [height, width]. Sizes 1 .. kMaxImageSide.
Rle rle_encode(std::span<const std::uint8_t> mask, int width, int height);

/// The same where all of them are known to lie in `extent_px`: nothing else is looked at.
Rle rle_encode(std::span<const std::uint8_t> mask, int width, int height, const PixelBox& extent_px);

/// Writes 0 and 1 to `mask`, [height, width].
void rle_decode(const Rle& rle, std::span<std::uint8_t> mask);

/// Takes the counts of an uncompressed COCO segmentation. Refuses, with invalid_argument, sizes outside
/// 1 .. kMaxImageSide and counts that do not sum to width * height.
Result<Rle> rle_from_counts(int width, int height, std::vector<std::uint32_t> counts);

/// The compressed form, "counts" in COCO's JSON: every count in groups of 5 bits, lowest first, as characters
/// '0' to 'o'; from the fourth on the difference to the count two before (rleToString).
std::string rle_to_string(const Rle& rle);

/// Reads the compressed form. Refuses, with invalid_argument, other characters, an unfinished number,
/// negative counts, and what rle_from_counts refuses.
Result<Rle> rle_from_string(int width, int height, std::string_view text);

/// Pixels that are set.
std::int64_t rle_area(const Rle& rle);

/// The smallest box around the pixels that are set; all zero if none is.
PixelBox rle_box(const Rle& rle);

/// Pixels set in both, intersection over union, and the mask of the pixels set in any, computed on the runs.
/// The IoU of two empty masks is 0, as in pycocotools. All refuse, with invalid_argument, masks of different
/// sizes; rle_union also no masks at all.
Result<std::int64_t> rle_intersection_area(const Rle& a, const Rle& b);
Result<double> rle_iou(const Rle& a, const Rle& b);
Result<Rle> rle_union(std::span<const Rle> masks);

}  // namespace masklet
