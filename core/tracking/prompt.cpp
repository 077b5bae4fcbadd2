#include "core/tracking/prompt.h"

#include <string>

namespace masklet {
namespace {

Error invalid(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

std::string text(float x, float y) { return "(" + std::to_string(x) + ", " + std::to_string(y) + ")"; }

Status check_inside(float x, float y, int width, int height) {
  // Written so that NaN does not pass.
  if (x >= 0 && y >= 0 && x <= static_cast<float>(width) && y <= static_cast<float>(height)) return {};
  return invalid("the point " + text(x, y) + " lies outside the frame of " + std::to_string(width) + " x " +
                 std::to_string(height) + " pixels; give coordinates in pixels of the video");
}

}  // namespace

Status validate_points(const std::vector<Point>& points, const std::optional<std::array<float, 4>>& box, int width,
                       int height) {
  for (const Point& point : points) {
    MASKLET_TRY(check_inside(point.x, point.y, width, height));
    if (point.label != 0 && point.label != 1)
      return invalid("a point has label " + std::to_string(point.label) +
                     "; it must be 1 (object) or 0 (not object). A box has a parameter of its own");
  }
  if (!box) return {};
  const auto [x0, y0, x1, y1] = *box;
  MASKLET_TRY(check_inside(x0, y0, width, height));
  MASKLET_TRY(check_inside(x1, y1, width, height));
  if (x0 > x1 || y0 > y1)
    return invalid("the box runs from " + text(x0, y0) + " to " + text(x1, y1) + "; give its top left corner first");
  return {};
}

std::vector<Point> box_and_points(const std::optional<std::array<float, 4>>& box, const std::vector<Point>& points) {
  std::vector<Point> all;
  if (box) {
    const auto [x0, y0, x1, y1] = *box;
    all = {{x0, y0, 2}, {x1, y1, 3}};
  }
  all.insert(all.end(), points.begin(), points.end());
  return all;
}

void append_points(DecoderPrompt& prompt, const std::vector<Point>& points, int width, int height, int input_size) {
  for (const Point& point : points) {
    prompt.points_px.push_back(point.x / static_cast<float>(width) * static_cast<float>(input_size));
    prompt.points_px.push_back(point.y / static_cast<float>(height) * static_cast<float>(input_size));
    prompt.labels.push_back(point.label);
  }
}

void append_padding(DecoderPrompt& prompt, int count) {
  prompt.points_px.insert(prompt.points_px.end(), 2 * count, 0.0f);
  prompt.labels.insert(prompt.labels.end(), count, -1);
}

}  // namespace masklet
