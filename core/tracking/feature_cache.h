#pragma once

#include <list>
#include <optional>

#include "core/tracking/networks_runner.h"

namespace masklet {

/// The frames whose features lie with the host, the least recently used dropped first.
class FeatureCache {
 public:
  explicit FeatureCache(int capacity) : capacity_(capacity) {}

  std::optional<FrameFeatures> find(int frame) {
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->frame != frame) continue;
      entries_.splice(entries_.begin(), entries_, it);
      return it->features;
    }
    return std::nullopt;
  }

  /// Makes room for one more frame before it is encoded, so that the peak is the capacity.
  void make_room(NetworksRunner& networks) {
    while (static_cast<int>(entries_.size()) >= capacity_) {
      networks.release(entries_.back().features);
      entries_.pop_back();
    }
  }

  void insert(int frame, const FrameFeatures& features) { entries_.push_front({frame, features}); }

 private:
  struct Entry {
    int frame;
    FrameFeatures features;
  };
  int capacity_;
  std::list<Entry> entries_;
};

}  // namespace masklet
