#pragma once

#include <map>

namespace masklet {

/// Frames, held as runs: a clip that was tracked from end to end takes as much room as one frame.
class FrameSet {
 public:
  bool contains(int frame) const;
  bool empty() const { return runs_.empty(); }
  void insert(int frame) { insert(frame, frame); }
  /// Both inclusive.
  void insert(int first, int last);
  void erase(int first, int last);
  void erase(int frame) { erase(frame, frame); }

  /// First to last frame of each run, both inclusive, ascending; runs neither touch nor overlap.
  const std::map<int, int>& runs() const { return runs_; }

  /// Calls `visit` with each frame from `first` to `last`, both inclusive, that is in the set, ascending.
  template <class Visit>
  void visit(int first, int last, Visit visit) const {
    auto it = runs_.upper_bound(first);
    if (it != runs_.begin()) --it;
    for (; it != runs_.end() && it->first <= last; ++it) {
      const int from = it->first < first ? first : it->first, to = it->second < last ? it->second : last;
      for (int frame = from; frame <= to; ++frame) visit(frame);
    }
  }

  bool operator==(const FrameSet&) const = default;

 private:
  std::map<int, int> runs_;
};

}  // namespace masklet
