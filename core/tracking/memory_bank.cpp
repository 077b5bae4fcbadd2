#include "core/tracking/memory_bank.h"

#include <algorithm>
#include <cstdlib>

namespace masklet {
namespace {

/// Frames of the conditioning records that attention sees: the nearest before, the nearest at or after, then
/// the nearest of the rest, the earlier inserted first (select_closest_cond_frames).
std::vector<int> closest_conditioning(const Records& conditioning, int frame, int limit) {
  std::vector<int> all;
  for (const auto& [t, record] : conditioning) all.push_back(t);
  if (limit == -1 || static_cast<int>(all.size()) <= limit) return all;

  std::vector<int> chosen;
  const auto after = std::lower_bound(all.begin(), all.end(), frame);
  if (after != all.begin()) chosen.push_back(*(after - 1));
  if (after != all.end()) chosen.push_back(*after);
  std::vector<int> rest;
  for (int t : all) {
    if (std::find(chosen.begin(), chosen.end(), t) == chosen.end()) rest.push_back(t);
  }
  std::sort(rest.begin(), rest.end(), [&](int a, int b) {
    const int da = std::abs(a - frame), db = std::abs(b - frame);
    return da != db ? da < db : conditioning.at(a).order < conditioning.at(b).order;
  });
  for (int t : rest) {
    if (static_cast<int>(chosen.size()) == limit) break;
    chosen.push_back(t);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

/// The frame whose memory stands k-th before `frame` (k = 1 the last one), with every stride-th remembered.
/// Integer division rounds down, as the reference's does, also for negative frames.
int remembered_frame(int frame, int k, int stride, bool reverse) {
  if (k == 1) return reverse ? frame + 1 : frame - 1;
  const auto floor_to_stride = [&](int t) {
    return (t >= 0 ? t / stride : -((-t + stride - 1) / stride)) * stride;
  };
  if (!reverse) return floor_to_stride(frame - 2) - (k - 2) * stride;
  return -floor_to_stride(-(frame + 2)) + (k - 2) * stride;
}

/// Frames further back than this many times the bank's size are not looked at for confident ones.
constexpr int kConfidentReach = 4;

int memories_of(const TrackingOptions& options, int num_maskmem) {
  return options.memories ? options.memories : num_maskmem;
}

}  // namespace

int memory_reach(const TrackingOptions& options, int num_maskmem) {
  const int reach = options.memory_stride * memories_of(options, num_maskmem);
  return options.memory_policy == MemoryPolicy::confident ? kConfidentReach * reach : reach;
}

std::optional<int> anchor_frame(const ObjectTrack& track, const TrackingOptions& options) {
  std::optional<int> best;
  float best_iou = 0;
  const auto consider = [&](int frame, float iou) {
    if (best && (iou < best_iou || (iou == best_iou && frame > *best))) return;
    best = frame;
    best_iou = iou;
  };
  if (options.memory_policy != MemoryPolicy::anchored) return best;
  for (const auto& [frame, record] : track.tracked) {
    if (may_anchor(record)) consider(frame, record.iou);
  }
  for (const auto& [frame, iou] : track.stored_ious) consider(frame, iou);
  return best;
}

MemorySelection select_memories(const ObjectTrack& track, int frame, bool reverse, const SessionState& state,
                                int num_maskmem) {
  const TrackingOptions& options = state.options;
  const int memories = memories_of(options, num_maskmem);
  const std::vector<int> chosen =
      closest_conditioning(track.conditioning, frame, options.max_conditioning_frames);

  // A frame of the recent past, from what was tracked or from a conditioning frame that was not chosen above.
  const auto recent = [&](int t) -> const FrameRecord* {
    if (const auto it = track.tracked.find(t); it != track.tracked.end()) return &it->second;
    if (std::binary_search(chosen.begin(), chosen.end(), t)) return nullptr;
    const auto it = track.conditioning.find(t);
    return it == track.conditioning.end() ? nullptr : &it->second;
  };

  MemorySelection selection;
  for (int t : chosen) {
    if (const FrameRecord& record = track.conditioning.at(t); !record.memory.empty())
      selection.spatial.push_back({&record, num_maskmem - 1});
  }
  // By place: the first is the last frame's.
  std::vector<const FrameRecord*> places;
  for (int k = 1; k < memories; ++k)
    places.push_back(recent(remembered_frame(frame, k, options.memory_stride, reverse)));
  if (options.memory_policy == MemoryPolicy::confident) {
    places.resize(std::min<std::size_t>(places.size(), 1));
    for (int distance = 2; distance <= memory_reach(options, num_maskmem); ++distance) {
      if (static_cast<int>(places.size()) >= memories - 1) break;
      const FrameRecord* record = recent(reverse ? frame + distance : frame - distance);
      if (record && record->present() && record->iou >= options.min_memory_iou) places.push_back(record);
    }
  }
  if (const std::optional<int> anchor = anchor_frame(track, options); anchor && !places.empty()) {
    const FrameRecord* record = &track.tracked.at(*anchor);
    if (std::find(places.begin(), places.end(), record) == places.end()) places.back() = record;
  }
  for (int k = static_cast<int>(places.size()); k >= 1; --k) {
    const FrameRecord* record = places[k - 1];
    if (record && !record->memory.empty()) selection.spatial.push_back({record, k - 1});
  }

  const int frame_count = state.clip.frame_count;
  const int window =
      frame_count ? std::min(frame_count, options.max_object_pointers) : options.max_object_pointers;
  const auto time = [&](int distance) {
    return window > 1 ? static_cast<float>(distance) / (window - 1) : 0.0f;
  };
  for (int t : chosen) {
    const int distance = reverse ? t - frame : frame - t;
    if (distance >= 0) selection.pointers.push_back({&track.conditioning.at(t), time(distance)});
  }
  for (int k = 1; k < window; ++k) {
    const int t = reverse ? frame + k : frame - k;
    if (t < 0 || (frame_count && t >= frame_count)) break;
    if (const FrameRecord* record = recent(t)) selection.pointers.push_back({record, time(k)});
  }
  return selection;
}

}  // namespace masklet
