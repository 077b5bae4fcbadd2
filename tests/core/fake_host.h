#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/tracking/session.h"
#include "small_model.h"

// A host without networks: every output is a function of all the inputs' bytes, so two runs agree exactly
// where core asked for the same things.
namespace masklet::tracking_test {

class FakeHost {
 public:
  /// A host whose clip has frames 0 to frame_count - 1, of the given size.
  explicit FakeHost(int frame_count, int width = 40, int height = 30)
      : frame_count_(frame_count), width_(width), height_(height) {}

  /// Answers steps until Done, whose status it returns.
  Status drive(HostLoop& loop);
  /// Answers the step that waits.
  void answer(HostLoop& loop);

  /// The right answer to a step, for tests that hand over something else first.
  ImageView frame(int index);
  std::vector<Tensor> outputs(const RunNetwork& step);

  /// Is asked before every step is answered; true says that it has dealt with the step itself.
  std::function<bool(HostLoop&, const Step&)> intervene;
  /// May change a network's outputs before they are handed over.
  std::function<void(const RunNetwork&, std::vector<Tensor>&)> edit;

  std::vector<FrameResult> reported;    ///< of all FrameReady steps
  std::vector<RunNetwork> runs;         ///< all RunNetwork steps, inputs as core gave them
  std::vector<int> frames_asked;        ///< of all NeedFrame steps
  int steps = 0;                        ///< all steps but Done
  std::size_t largest_kept = 0;         ///< tensors kept at once
  std::vector<std::string> violations;  ///< of the contract in step.h

  std::size_t kept_count() const { return kept_.size(); }
  /// The last report of a frame; an empty one where there is none.
  FrameResult last_report(int frame) const;

 private:
  void receive(const RunNetwork& step);
  std::uint64_t digest(const RunNetwork& step) const;

  int frame_count_;
  int width_;
  int height_;
  std::vector<std::uint8_t> pixels_;
  std::map<TensorHandle, std::uint64_t> kept_;  // what stands for each tensor's contents
};

/// The input of a step as core gave it. Not for inputs that the host kept.
const Tensor& input(const RunNetwork& step, std::string_view name);
/// The only element of a [1] f32 input.
float flag(const RunNetwork& step, std::string_view name);

/// The temporal rows of the memories that a step of memory attention is given.
std::vector<std::int64_t> temporal_rows(const RunNetwork& attend);

/// Numbers of frames.
using Frames = std::vector<int>;
Frames keys(const Records& records);

/// The steps of one network.
std::vector<RunNetwork> runs_of(const std::vector<RunNetwork>& runs, NetworkId network);

bool same(const ObjectResult& a, const ObjectResult& b);
bool same(const FrameResult& a, const FrameResult& b);

/// The session's state as save_state writes it: equal bytes are equal sessions.
std::string saved(const Session& session);

inline Clip small_clip(int frame_count) {
  return {40, 30, frame_count};
}

/// A session on small_model(), which lives as long as the program.
std::unique_ptr<Session> new_session(int frame_count, const TrackingOptions& options = {});
const Model& shared_model();

PointPrompt click(int object, int frame, float x, float y, int label = 1);
PointPrompt box(int object, int frame, std::array<float, 4> corners);
/// A rectangle of object pixels in a mask of the clip's size.
MaskPrompt mask(int object, int frame, int x0, int y0, int x1, int y1);

/// One call of a scenario.
struct Call {
  std::string name;
  std::function<Status(Session&)> begin;
  bool is_propagation = false;
};
/// Every kind of call on a clip of `kScenarioFrames` frames: two objects and a third one added later, prompts
/// of each kind, a correction, forward and reverse.
std::vector<Call> scenario();
inline constexpr int kScenarioFrames = 6;

/// Begins a call and drives it to its end, where it was accepted.
Status perform(Session& session, FakeHost& host, const Call& call);

}  // namespace masklet::tracking_test
