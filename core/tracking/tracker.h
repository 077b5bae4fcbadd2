#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/mask/resize_bicubic.h"
#include "core/tracking/feature_cache.h"
#include "core/tracking/networks_runner.h"
#include "core/tracking/state.h"
#include "core/tracking/track_store.h"

namespace masklet {

/// One call of the mask decoder, after selection and gating: what the reference's _forward_sam_heads returns.
struct DecodeRecord {
  int object = 0;
  int frame = 0;
  const SelectedMask& mask;
};
using DecodeObserver = std::function<void(const DecodeRecord&)>;

/// Sees what the image encoder is given for a frame: [S, S, 3] u8.
using InputObserver = std::function<void(int frame, const Tensor& image)>;

/// The video predictor's control flow, as coroutines over a session's state. Each one changes the state only once
/// its networks have answered: an error or a cancellation leaves the state as it was after the last frame.
class Tracker {
 public:
  /// `account` is charged for what the session holds, as part of the host's where there is one.
  Tracker(const Model& model, SessionState& state, StepMachine& machine, const SessionHost& host,
          MemoryAccount& account);

  /// Points of `prompt` on a frame of an object, known or new (add_new_points_or_box). Reports the frame.
  Task<Status> prompt_with_points(int object, int frame, Prompt prompt);

  /// A binary mask at S x S (add_new_mask). Reports the frame.
  Task<Status> prompt_with_mask(int object, int frame, std::vector<std::uint8_t> mask, std::string name);

  /// Merges pending prompts into the track, then goes through state.propagation (propagate_in_video). Reports every
  /// frame.
  Task<Status> propagate();

  /// The masks that the state holds for a frame; reports it.
  Task<Status> report(int frame);

  TrackStore& store() { return store_; }
  const CacheUse& cache_use() const { return cache_.use(); }

  DecodeObserver on_decode;
  InputObserver on_input;

 private:
  Task<Result<FrameFeatures>> frame_features(int frame);
  Task<Result<FrameFeatures>> encode_frame(int frame);
  /// The features of the frame that propagation goes to after the one at work.
  Task<Status> encode_ahead();
  Task<Result<SelectedMask>> decode(int object, int frame, FrameFeatures features, const MemorySelection* memories,
                                    bool add_no_memory, DecoderPrompt prompt, bool multimask);
  Task<Status> encode_pending_memories();
  Task<Status> encode_pending(Records& pending);
  Task<Result<FrameRecord>> track_object(ObjectTrack& track, int frame, bool reverse);

  void merge_pending();
  void fill_holes_if_asked(FrameRecord& record) const;
  DecoderPrompt decoder_prompt(const std::vector<Point>& points) const;
  Result<FrameResult> result_of(int frame);

  const Model& model_;
  SessionState& state_;
  StepMachine& machine_;
  MemoryAccount& account_;
  NetworksRunner networks_;
  FeatureCache cache_;
  TrackStore store_;
  bool encodes_ahead_;
  std::optional<BicubicResizer> resizer_;
};

}  // namespace masklet
