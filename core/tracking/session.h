#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/tracking/host_loop.h"
#include "core/tracking/tracker.h"

namespace masklet {

/// Points and at most one box for one object on one frame, in pixels of the video.
struct PointPrompt {
  int object = 0;
  int frame = 0;
  std::vector<Point> points;  ///< labels 1 (object) and 0 (not object)
  /// x0, y0, x1, y1 with x0 <= x1 and y0 <= y1. Counts as two points, which stand first.
  std::optional<std::array<float, 4>> box;
  /// Forget earlier points of the object on this frame; required with a box.
  bool clear_old_points = true;
};

/// A mask for one object on one frame.
struct MaskPrompt {
  int object = 0;
  int frame = 0;
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> bitmap;  ///< [height * width], not 0 is the object
  std::string name = {};             ///< kept with the prompt, for results that list it; may be empty
};

/// What to propagate through.
struct PropagateRequest {
  /// The first frame; absent: the earliest prompted one.
  std::optional<int> start;
  /// Frames to go on from the start, which itself is not counted; absent: to the end of the clip.
  std::optional<int> length;
  bool reverse = false;
};

/// Objects tracked through one clip: the reference's SAM2VideoPredictor with its inference state, driven by a host
/// as step.h describes. Calls that begin an operation say through their Status whether they were accepted; the
/// outcome comes with Done. Not thread-safe; sessions are independent of each other.
class Session final : public HostLoop {
 public:
  /// `model` must outlive the session. Errors: invalid_argument for a clip or options out of range.
  static Result<std::unique_ptr<Session>> create(const Model& model, const Clip& clip, const TrackingOptions& options,
                                                 const SessionHost& host = {});

  /// A session that goes on where `state` was. Errors as create's; invalid_state where the state has frames in a store
  /// and the host brings none.
  static Result<std::unique_ptr<Session>> restore(const Model& model, SessionState state, const SessionHost& host = {});
  ~Session() override { abandon(); }

  /// Reports the frame with the new mask of the object, which is added if it is new.
  /// Errors: frame_out_of_range; invalid_argument for points outside the frame, labels other than 0 and 1, an empty
  /// prompt, a box upside down or without clear_old_points.
  Status add_points(const PointPrompt& prompt);

  /// Reports the frame. Errors: frame_out_of_range; invalid_argument where the bitmap is not width x height.
  Status add_mask(const MaskPrompt& prompt);

  /// Takes back the object's prompt on a frame; what was found there stays as a tracked frame. Reports the frame.
  /// Errors: unknown_object, frame_out_of_range.
  Status clear_prompts(int object, int frame);

  /// Forgets an object, at once. Errors: unknown_object.
  Status remove_object(int object);

  /// Forgets all objects, at once.
  Status reset();

  /// Tracks all objects, reporting each frame. In reverse from frame 0 there is nothing to do.
  /// Errors: invalid_state where no object, or one without a prompt, is there; frame_out_of_range.
  Status propagate(const PropagateRequest& request);

  /// Goes on with the propagation that was cancelled, that failed, or that a restored state was in. Errors:
  /// invalid_state where there is none, and as propagate's.
  Status continue_propagation();

  /// Reports a frame's masks as they are known. Errors: frame_out_of_range.
  Status show(int frame);

  /// What the session knows; whole while idle or while FrameReady waits. Errors: invalid_state in between.
  Result<const SessionState*> state() const;

  /// What the session holds in core; what its tensors take on the host's side is in the host's account.
  MemoryReport memory() const { return account_.report(); }
  /// Of the frames' features that stay with the host.
  const CacheUse& cache_use() const { return tracker_.cache_use(); }

  const Model& model() const { return model_; }
  void observe_decodes(DecodeObserver observer) { tracker_.on_decode = std::move(observer); }
  void observe_inputs(InputObserver observer) { tracker_.on_input = std::move(observer); }

 private:
  Session(const Model& model, SessionState state, const SessionHost& host);
  Status check_frame_index(int frame) const;
  Status check_prompted() const;
  Status check_frame(const ImageView& frame) const override;
  Result<ObjectTrack*> object(int id);

  const Model& model_;
  SessionState state_;
  MemoryAccount account_;
  Tracker tracker_;
};

}  // namespace masklet
