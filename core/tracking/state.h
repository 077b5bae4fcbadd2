#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/tracking/frame_set.h"
#include "core/tracking/options.h"

namespace masklet {

/// A click or a box corner, in pixels of the video.
struct Point {
  float x = 0;
  float y = 0;
  int label = 1;  ///< 1 object, 0 not object, 2 and 3 a box's top left and bottom right corner

  bool operator==(const Point&) const = default;
};

/// What a person said of an object on a frame: points (a box is the first two), or a mask.
struct Prompt {
  std::vector<Point> points;
  bool is_mask = false;
  std::string mask_name = {};  ///< what results call the mask; may be empty
};

/// What a model said of an object on a frame, and what it remembers of it.
struct FrameRecord {
  std::vector<float> logits;          ///< [S/4 * S/4], gated, holes filled; empty once forgotten
  std::vector<float> pointer;         ///< [d]
  std::vector<std::uint16_t> memory;  ///< [N * m] bf16; empty before it is encoded and once it is forgotten
  float object_score = 0;
  float iou = 0;
  std::uint64_t order = 0;  ///< rank of insertion, which breaks ties between conditioning frames

  bool present() const { return object_score > 0; }
};

using Records = std::map<int, FrameRecord>;

/// One object through the clip. Frames are keys.
struct ObjectTrack {
  int id = 0;
  std::map<int, Prompt> prompts;
  Records conditioning;          ///< prompted frames, merged by a propagation
  Records tracked;               ///< frames reached by propagation
  Records pending_conditioning;  ///< prompted since the last propagation; their memory is not encoded yet
  Records pending_tracked;       ///< the same for corrections that are not kept as conditioning frames
  FrameSet passed_forward;     ///< frames that a propagation passed, the last time forward
  FrameSet passed_in_reverse;  ///< or in reverse
  FrameSet stored;             ///< tracked frames whose records lie in the session's RecordStore
  /// Of the stored frames that may anchor: their IoU estimates, where the policy is `anchored`.
  std::map<int, float> stored_ious;

  /// Whether a propagation passed the frame.
  bool passed(int frame) const { return passed_forward.contains(frame) || passed_in_reverse.contains(frame); }
  void set_passed(int frame, bool reverse);
  void forget_passed(int frame);
  /// What a store holds of these frames, both inclusive, is of no use any more.
  void forget_stored(int first, int last);
};

/// Whether `anchored` may hold on to a tracked frame.
inline bool may_anchor(const FrameRecord& record) { return record.present() && !record.memory.empty(); }

/// A propagation under way, or ended before its time: frames `next`, then on to `last`, inclusive.
struct Propagation {
  int next = 0;
  int last = 0;
  bool reverse = false;

  bool over() const { return reverse ? next < last : next > last; }
};

/// Everything a session knows between two frames: plain data, to be saved and restored.
struct SessionState {
  Clip clip;
  TrackingOptions options;
  std::vector<ObjectTrack> objects;  ///< in the order in which they were added
  std::optional<Propagation> propagation;
  std::uint64_t next_order = 1;

  ObjectTrack* find(int object);
  const ObjectTrack* find(int object) const { return const_cast<SessionState*>(this)->find(object); }
};

}  // namespace masklet
