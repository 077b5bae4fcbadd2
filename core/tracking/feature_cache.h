#pragma once

#include <cstdint>
#include <list>
#include <optional>

#include "core/tracking/networks_runner.h"

namespace masklet {

/// How often a frame's features were there already, and how often it had to be encoded.
struct CacheUse {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
};

/// The frames whose features lie with the host, the least recently used dropped first.
class FeatureCache {
 public:
  explicit FeatureCache(int capacity) : capacity_(capacity) {}

  std::optional<FrameFeatures> find(int frame) {
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->frame != frame) continue;
      entries_.splice(entries_.begin(), entries_, it);
      ++use_.hits;
      return it->features;
    }
    ++use_.misses;
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

  const CacheUse& use() const { return use_; }

 private:
  struct Entry {
    int frame;
    FrameFeatures features;
  };
  int capacity_;
  std::list<Entry> entries_;
  CacheUse use_;
};

}  // namespace masklet
