#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace masklet::native {

/// From the earliest prompt on; from the latest prompt back; or both ways from the earliest.
enum class Direction { forward, backward, both };

/// Errors: invalid_argument.
Result<Direction> parse_direction(const std::string& text);
const char* direction_name(Direction direction);

/// Frames that are tracked one after the other and reported: `first` to `last`, inclusive, downwards where `reverse`.
struct Leg {
  int first = 0;
  int last = 0;
  bool reverse = false;
  /// The frame before `first` where tracking begins, which another leg reports.
  std::optional<int> begins_at = {};

  int frames() const { return (reverse ? first - last : last - first) + 1; }
  bool contains(int frame) const {
    return reverse ? frame <= first && frame >= last : frame >= first && frame <= last;
  }
};

/// The way through a clip whose prompts lie on frames `earliest` to `latest`. Errors: invalid_argument where there is
/// nothing to track.
Result<std::vector<Leg>> plan_legs(Direction direction, int earliest, int latest, int frame_count);

/// What is left of a way: each leg from its first frame on that is to be tracked.
std::vector<Leg> remaining_legs(const std::vector<Leg>& legs,
                                const std::function<bool(const Leg& leg, int frame)>& is_left);

}  // namespace masklet::native
