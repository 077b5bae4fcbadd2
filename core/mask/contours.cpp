#include "core/mask/contours.h"

#include <array>
#include <cassert>
#include <cstddef>

namespace masklet {
namespace {

struct Step {
  int x;
  int y;
};
// Right, down, left, up: turning right is the next direction.
constexpr std::array<Step, 4> kSteps = {{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}};
// Where, from the corner just reached, the pixels ahead lie: to the left and to the right of the way.
constexpr std::array<Step, 4> kAheadLeft = {{{0, -1}, {0, 0}, {-1, 0}, {-1, -1}}};
constexpr std::array<Step, 4> kAheadRight = {{{0, 0}, {-1, 0}, {-1, -1}, {0, -1}}};

/// Follows pixel edges with the mask on the right. Every outline, of a hole too, goes right along some
/// pixel's top edge, so the top edges are the places to start from, and marking them is enough to find each
/// outline once.
class EdgeFollower {
 public:
  EdgeFollower(std::span<const std::uint8_t> mask, int width, int height)
      : mask_(mask), width_(width), height_(height), seen_(mask.size()) {}

  bool starts_at(int x, int y) const { return filled(x, y) && !filled(x, y - 1) && !seen_[index(x, y)]; }

  Contour follow(int start_x, int start_y) {
    Contour contour;
    std::int64_t twice_area = 0;
    int x = start_x;
    int y = start_y;
    int direction = 0;
    do {
      if (direction == 0) seen_[index(x, y)] = 1;
      const Step step = kSteps[direction];
      twice_area += static_cast<std::int64_t>(x) * step.y - static_cast<std::int64_t>(y) * step.x;
      x += step.x;
      y += step.y;
      const int turn = turn_at(x, y, direction);
      if (turn != 0) contour.points.push_back({x, y});
      direction = (direction + turn) & 3;
    } while (x != start_x || y != start_y || direction != 0);
    contour.is_hole = twice_area < 0;
    return contour;
  }

 private:
  std::size_t index(int x, int y) const { return static_cast<std::size_t>(y) * width_ + x; }

  bool filled(int x, int y) const {
    return x >= 0 && y >= 0 && x < width_ && y < height_ && mask_[index(x, y)] != 0;
  }

  /// -1, 0 or 1: left, straight on, right. Left first: pixels that touch at a corner are connected.
  int turn_at(int x, int y, int direction) const {
    const Step left = kAheadLeft[direction];
    const Step right = kAheadRight[direction];
    if (filled(x + left.x, y + left.y)) return -1;
    return filled(x + right.x, y + right.y) ? 0 : 1;
  }

  std::span<const std::uint8_t> mask_;
  int width_;
  int height_;
  std::vector<std::uint8_t> seen_;
};

}  // namespace

std::vector<Contour> contours(std::span<const std::uint8_t> mask, int width, int height) {
  assert(mask.size() == static_cast<std::size_t>(width) * height);
  std::vector<Contour> found;
  EdgeFollower follower(mask, width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (follower.starts_at(x, y)) found.push_back(follower.follow(x, y));
    }
  }
  return found;
}

}  // namespace masklet
