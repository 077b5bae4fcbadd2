#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace masklet {

/// Pixels x_begin .. x_end - 1 of row y, all of one component.
struct ComponentRun {
  int y;
  int x_begin;
  int x_end;
  int component;
};

/// The connected parts of a mask. Runs go by row, then from left to right; components are numbered from 0 in
/// the order of their first run.
struct Components {
  std::vector<ComponentRun> runs;
  std::vector<std::int64_t> areas_px;  ///< by component
};

/// 8-connected components of the nonzero pixels of `mask`, [height, width]. Linear in pixels and runs.
/// Follows get_connected_components of the reference, which labels pixels where this lists runs.
Components connected_components(std::span<const std::uint8_t> mask, int width, int height);

/// Sets to `value` every 8-connected component of logits <= threshold of at most `max_area_px` pixels;
/// nothing for a max_area_px of 0 or less. Tracking uses value +0.1 (fill_holes_in_mask_scores).
/// `logits` is [height, width]; a NaN belongs to no component.
void fill_holes(std::span<float> logits, int width, int height, int max_area_px, float value,
                float threshold = 0);

/// The mirror of fill_holes: components of logits > threshold of at most `max_area_px` pixels become `value`.
void remove_sprinkles(std::span<float> logits, int width, int height, int max_area_px, float value,
                      float threshold = 0);

/// What image mode does before it resizes masks (SAM2Transforms.postprocess_masks): holes become threshold +
/// 10, then sprinkles threshold - 10. Both are looked for in the logits as given, so a speck inside a hole is
/// a sprinkle even where filling the hole has joined it to the object. An area of 0 leaves its step out.
void clean_image_mask(std::span<float> logits, int width, int height, int max_hole_area_px,
                      int max_sprinkle_area_px, float threshold = 0);

}  // namespace masklet
