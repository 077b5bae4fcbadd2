#include "native/host/legs.h"

namespace masklet::native {
namespace {

constexpr const char* kDirectionNames[] = {"forward", "backward", "both"};

}  // namespace

Result<Direction> parse_direction(const std::string& text) {
  for (int i = 0; i < 3; ++i) {
    if (text == kDirectionNames[i]) return static_cast<Direction>(i);
  }
  return Error{ErrorCode::invalid_argument,
               "--direction is '" + text + "'; it must be forward, backward or both"};
}

const char* direction_name(Direction direction) { return kDirectionNames[static_cast<int>(direction)]; }

Result<std::vector<Leg>> plan_legs(Direction direction, int earliest, int latest, int frame_count) {
  if (direction == Direction::backward) {
    if (latest == 0)
      return Error{ErrorCode::invalid_argument,
                   "--direction backward has nothing to track: the prompts are on frame 0; "
                   "prompt a later frame or go forward"};
    return std::vector<Leg>{{latest, 0, true}};
  }
  std::vector<Leg> legs = {{earliest, frame_count - 1, false}};
  // Both ways: the frame where they meet is not reported again.
  if (direction == Direction::both && earliest > 0) legs.push_back({earliest - 1, 0, true, earliest});
  return legs;
}

std::vector<Leg> remaining_legs(const std::vector<Leg>& legs,
                                const std::function<bool(const Leg& leg, int frame)>& is_left) {
  std::vector<Leg> remaining;
  for (const Leg& leg : legs) {
    const int step = leg.reverse ? -1 : 1;
    int first = leg.first;
    while (leg.contains(first) && !is_left(leg, first)) first += step;
    if (!leg.contains(first)) continue;
    // In reverse from frame 0 a session has nothing to do, so its last frame is reached from the one before it.
    const bool needs_run_up = leg.reverse && first == 0;
    remaining.push_back({first, leg.last, leg.reverse,
                         first == leg.first ? leg.begins_at
                         : needs_run_up     ? std::optional<int>(first - step)
                                            : std::nullopt});
  }
  return remaining;
}

}  // namespace masklet::native
