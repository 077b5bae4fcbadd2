#pragma once

#include <algorithm>
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
      ++(it->is_ahead ? use_.misses : use_.hits);
      it->is_ahead = false;
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

  void insert(int frame, const FrameFeatures& features) { entries_.push_front({frame, features, false}); }

  /// For a frame that is not asked for yet: who asks first counts as one who did not find it.
  void insert_ahead(int frame, const FrameFeatures& features) { entries_.push_front({frame, features, true}); }

  bool contains(int frame) const {
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.frame == frame; });
  }
  int capacity() const { return capacity_; }

  const CacheUse& use() const { return use_; }

 private:
  struct Entry {
    int frame;
    FrameFeatures features;
    bool is_ahead;
  };
  int capacity_;
  std::list<Entry> entries_;
  CacheUse use_;
};

}  // namespace masklet
