#pragma once

#include <cstddef>
#include <vector>

#include "core/budget/memory_account.h"
#include "core/tracking/record_store.h"
#include "core/tracking/state.h"

namespace masklet {

/// What a host gives a session beside answers to its steps. Everything may be left out; what is given must
/// live longer than the session.
struct SessionHost {
  /// Who is charged for what the session holds.
  MemoryAccount* account = nullptr;
  /// Takes tracked frames' records that are out of the hot window, whole; they are read back where a
  /// correction needs them. Absent: all stay in memory, but for what TrackingOptions::history_frames forgets.
  RecordStore* store = nullptr;
  /// Frames on each side of the one at work whose records stay in memory beside a store; what tracking itself
  /// looks back at stays in any case.
  int hot_frames = 16;
  /// Most prompted frames of one object, whose records always stay in memory; 0: no limit. One more is
  /// refused.
  int max_prompted_frames = 0;
  /// The host runs the image encoder beside the other networks (step.h): propagation asks for the next frame's features
  /// before it tracks a frame. Not for streams, whose next frame may be long in coming, nor with less than two cached
  /// frames.
  bool encodes_ahead = false;
};

/// Keeps the records of tracked frames in bounds: some in memory, the others in the host's store, none lost.
class TrackStore {
 public:
  TrackStore(const Architecture& architecture, SessionState& state, const SessionHost& host,
             MemoryAccount& account);

  /// Reads an object's stored records from `first` to `last`, inclusive, back into memory. Errors: the
  /// store's; out_of_memory.
  Status fetch(ObjectTrack& track, int first, int last);
  /// The same for a frame and what tracking it in a direction looks back at.
  Status fetch_behind(ObjectTrack& track, int frame, bool reverse);

  /// Makes room for a record more of each object. Errors: out_of_memory.
  Status reserve_frame();
  /// Forgets what TrackingOptions::history_frames says, after `frame` was tracked.
  void forget_history(int frame);
  /// After a change at `frame`: what is out of its window goes to the store, where there is one and nothing is
  /// forgotten; what is left is charged. Errors: the store's.
  Status settle(int frame);

  void forget(int object);

  /// Whether one more prompted frame of the object may be kept. Errors: out_of_memory.
  Status check_prompted(const ObjectTrack& track, int frame) const;

 private:
  int window() const;
  Status spill(ObjectTrack& track, int frame);
  std::size_t held_bytes() const;

  const Architecture& architecture_;
  SessionState& state_;
  const SessionHost host_;
  MemoryCharge charge_;
  std::vector<std::byte> bytes_;  // of one record, on its way
};

}  // namespace masklet
