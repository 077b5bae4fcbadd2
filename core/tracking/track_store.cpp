#include "core/tracking/track_store.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "core/tracking/memory_bank.h"
#include "core/tracking/record_bytes.h"

namespace masklet {

TrackStore::TrackStore(const Architecture& architecture, SessionState& state, const SessionHost& host,
                       MemoryAccount& account)
    : architecture_(architecture),
      state_(state),
      host_(host),
      charge_(account, MemoryCategory::track_store, "the track store") {
  if (host_.store) bytes_.resize(record_bytes(architecture));
  charge_.set(held_bytes());
}

/// What tracking itself looks back at stays, whatever was asked for.
int TrackStore::window() const {
  const TrackingOptions& options = state_.options;
  const int asked = options.history_frames >= 0 ? options.history_frames : host_.hot_frames;
  return std::max({asked, memory_reach(options, architecture_.num_maskmem), options.max_object_pointers});
}

std::size_t TrackStore::held_bytes() const {
  std::size_t records = 0;
  for (const ObjectTrack& track : state_.objects)
    records += track.conditioning.size() + track.tracked.size() + track.pending_conditioning.size() +
               track.pending_tracked.size();
  return records * record_bytes(architecture_) + bytes_.size();
}

Status TrackStore::fetch(ObjectTrack& track, int first, int last) {
  std::vector<int> frames;
  track.stored.visit(first, last, [&](int frame) { frames.push_back(frame); });
  if (frames.empty()) return {};
  MASKLET_TRY(charge_.resize(charge_.bytes() + frames.size() * record_bytes(architecture_)));
  for (int frame : frames) {
    MASKLET_TRY(host_.store->read(track.id, frame, bytes_));
    track.tracked.insert_or_assign(frame, unpack_record(bytes_, architecture_));
    track.forget_stored(frame, frame);
  }
  return {};
}

Status TrackStore::fetch_behind(ObjectTrack& track, int frame, bool reverse) {
  if (const std::optional<int> anchor = anchor_frame(track, state_.options))
    MASKLET_TRY(fetch(track, *anchor, *anchor));
  return reverse ? fetch(track, frame, frame + window()) : fetch(track, frame - window(), frame);
}

Status TrackStore::reserve_frame() {
  return charge_.resize(held_bytes() + state_.objects.size() * record_bytes(architecture_));
}

Status TrackStore::settle(int frame) {
  Status status;
  if (host_.store && state_.options.history_frames < 0) {
    for (ObjectTrack& track : state_.objects) {
      if (status) status = spill(track, frame);
    }
  }
  charge_.set(held_bytes());
  return status;
}

Status TrackStore::spill(ObjectTrack& track, int frame) {
  const int reach = window();
  const std::optional<int> anchor = anchor_frame(track, state_.options);
  for (auto it = track.tracked.begin(); it != track.tracked.end();) {
    if (std::abs(it->first - frame) <= reach || it->first == anchor) {
      ++it;
      continue;
    }
    pack_record(it->second, architecture_, bytes_);
    MASKLET_TRY(host_.store->write(track.id, it->first, bytes_));
    track.stored.insert(it->first);
    if (state_.options.memory_policy == MemoryPolicy::anchored && may_anchor(it->second))
      track.stored_ious[it->first] = it->second.iou;
    it = track.tracked.erase(it);
  }
  return {};
}

void TrackStore::forget_history(int frame) {
  if (state_.options.history_frames < 0) return;
  const int reach = window();
  for (ObjectTrack& track : state_.objects) {
    const std::optional<int> anchor = anchor_frame(track, state_.options);
    const auto near_prompt = [&](int tracked) {
      const auto it = track.conditioning.lower_bound(tracked - reach);
      return it != track.conditioning.end() && it->first <= tracked + reach;
    };
    std::erase_if(track.tracked, [&](const auto& entry) {
      return std::abs(entry.first - frame) > reach && entry.first != anchor && !near_prompt(entry.first);
    });
  }
}

void TrackStore::forget(int object) {
  if (host_.store) host_.store->forget(object);
  charge_.set(held_bytes());
}

Status TrackStore::check_prompted(const ObjectTrack& track, int frame) const {
  if (host_.max_prompted_frames == 0) return {};
  int prompted = 0;
  for (const auto& [t, record] : track.conditioning) prompted += t != frame;
  for (const auto& [t, record] : track.pending_conditioning)
    prompted += t != frame && !track.conditioning.contains(t);
  if (prompted < host_.max_prompted_frames) return {};
  return Error{ErrorCode::out_of_memory,
               "object " + std::to_string(track.id) + " has " + std::to_string(prompted) +
                   " prompted frames, and the memory limit leaves room for " +
                   std::to_string(host_.max_prompted_frames) +
                   "; take a prompt back (clear_prompts), or raise the limit"};
}

}  // namespace masklet
