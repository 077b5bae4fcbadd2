#pragma once

#include <optional>
#include <vector>

#include "core/tracking/task.h"

namespace masklet {

/// The host's side of an operation: what step.h describes, for anything that runs as a Task<Status>.
class HostLoop {
 public:
  HostLoop() = default;
  virtual ~HostLoop() = default;
  HostLoop(const HostLoop&) = delete;
  HostLoop& operator=(const HostLoop&) = delete;

  /// The step that waits for an answer; Done where no operation runs.
  const Step& next() const { return machine_.waiting() ? machine_.step() : done_; }
  bool busy() const { return task_.has_value(); }

  /// Answers FrameReady.
  Status resume();
  /// Answers NeedFrame. The pixels are read before the call returns. Errors: step_mismatch where the frame's size is
  /// not the clip's.
  Status resume(const ImageView& frame);
  /// Answers RunNetwork. Errors: step_mismatch where count, type or shapes differ from what the step asked for.
  Status resume(std::vector<Tensor> outputs);
  /// Answers NeedFrame where the clip has ended before that frame.
  Status end_of_clip();
  /// Ends the operation with the host's error.
  Status fail(Error error);
  /// Ends the operation with `cancelled`. Errors: invalid_state where none runs.
  Status cancel();

 protected:
  /// Starts an operation. Errors: invalid_state where one runs.
  Status begin(Task<Status> task);
  /// Destroys the operation that runs, if any. A derived class calls it in its destructor, while what its coroutines
  /// refer to is still there.
  void abandon();
  Status check_idle() const;
  virtual Status check_frame(const ImageView& frame) const = 0;

  StepMachine machine_;

 private:
  template <class ExpectedStep>
  Status check_step(const char* answer) const;
  void go_on(Answer answer);
  void settle();

  std::optional<Task<Status>> task_;
  Step done_ = Done{};
};

}  // namespace masklet
