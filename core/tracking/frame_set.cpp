#include "core/tracking/frame_set.h"

#include <iterator>

namespace masklet {

bool FrameSet::contains(int frame) const {
  const auto after = runs_.upper_bound(frame);
  return after != runs_.begin() && std::prev(after)->second >= frame;
}

void FrameSet::insert(int first, int last) {
  erase(first, last);
  const auto after = runs_.upper_bound(last);
  if (after != runs_.end() && after->first == last + 1) {
    last = after->second;
    runs_.erase(after);
  }
  const auto next = runs_.upper_bound(first);
  if (next != runs_.begin() && std::prev(next)->second == first - 1) first = std::prev(next)->first;
  runs_[first] = last;
}

void FrameSet::erase(int first, int last) {
  auto it = runs_.upper_bound(first);
  if (it != runs_.begin()) --it;
  while (it != runs_.end() && it->first <= last) {
    const auto [run_first, run_last] = *it;
    if (run_last < first) {
      ++it;
      continue;
    }
    it = runs_.erase(it);
    if (run_first < first) runs_[run_first] = first - 1;
    if (run_last > last) it = runs_.emplace(last + 1, run_last).first;
  }
}

}  // namespace masklet
