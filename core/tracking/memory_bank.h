#pragma once

#include <optional>
#include <vector>

#include "core/tracking/state.h"

namespace masklet {

/// The memories that a frame attends to (_prepare_memory_conditioned_features).
struct MemorySelection {
  struct Spatial {
    const FrameRecord* record;
    int temporal_row;  ///< row of maskmem_tpos_enc
  };
  struct Pointer {
    const FrameRecord* record;
    float time;  ///< signed distance in frames / (window - 1)
  };
  std::vector<Spatial> spatial;
  std::vector<Pointer> pointers;
};

/// Selects for `frame`, tracked forward or in reverse. Records are the track's merged ones (not the pending);
/// the selection points into them; those in reach, and the anchor, must be in memory. Spatial memories are not
/// empty while a conditioning frame has its memory.
MemorySelection select_memories(const ObjectTrack& track, int frame, bool reverse, const SessionState& state,
                                int num_maskmem);

/// How many frames back select_memories may look for spatial memories, the anchor aside.
int memory_reach(const TrackingOptions& options, int num_maskmem);

/// The frame that `anchored` holds on to: of the tracked ones with a memory that show the object the one with
/// the highest IoU estimate, the earliest of equals, be it in memory or in the store. Absent for the other
/// policies.
std::optional<int> anchor_frame(const ObjectTrack& track, const TrackingOptions& options);

}  // namespace masklet
