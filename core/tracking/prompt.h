#pragma once

#include <array>
#include <optional>
#include <vector>

#include "core/base/result.h"
#include "core/tracking/networks_runner.h"
#include "core/tracking/state.h"

namespace masklet {

/// Checks points (labels 0 and 1) and a box (x0, y0, x1, y1) against a frame of width x height pixels; its far edges
/// count as inside. Errors: invalid_argument, naming the value.
Status validate_points(const std::vector<Point>& points, const std::optional<std::array<float, 4>>& box, int width,
                       int height);

/// The box's corners as points 2 and 3, then the points.
std::vector<Point> box_and_points(const std::optional<std::array<float, 4>>& box, const std::vector<Point>& points);

/// Appends points, scaled to the input size, to the decoder's prompt.
void append_points(DecoderPrompt& prompt, const std::vector<Point>& points, int width, int height, int input_size);

/// Appends padding points, which have label -1 and no position.
void append_padding(DecoderPrompt& prompt, int count);

}  // namespace masklet
