#include "core/tracking/host_loop.h"

#include <string>

namespace masklet {
namespace {

const char* step_name(const Step& step) {
  constexpr const char* names[] = {"Done", "NeedFrame", "RunNetwork", "FrameReady"};
  return names[step.index()];
}

Status check_outputs(const RunNetwork& step, const std::vector<Tensor>& outputs) {
  std::size_t at = 0;
  const std::string network(network_name(step.network));
  for (const NetworkOutput& wanted : step.outputs) {
    if (wanted.keep_as) continue;
    if (at == outputs.size())
      return Error{ErrorCode::step_mismatch, network + " was answered with " + std::to_string(outputs.size()) +
                                                 " outputs; '" + std::string(wanted.name) + "' is missing"};
    const Tensor& given = outputs[at++];
    if (given.dtype != DType::f32 || given.shape != wanted.shape ||
        static_cast<std::int64_t>(given.bytes.size()) != given.size() * 4)
      return Error{ErrorCode::step_mismatch,
                   network + " output '" + std::string(wanted.name) + "' is " + std::string(dtype_name(given.dtype)) +
                       " " + to_string(given.shape) + "; the step asked for f32 " + to_string(wanted.shape)};
  }
  if (at != outputs.size())
    return Error{ErrorCode::step_mismatch, network + " was answered with " + std::to_string(outputs.size()) +
                                               " outputs; the step asked for " + std::to_string(at)};
  return {};
}

}  // namespace

template <class ExpectedStep>
Status HostLoop::check_step(const char* answer) const {
  if (!machine_.waiting())
    return Error{ErrorCode::invalid_state,
                 std::string("answered with ") + answer + ", but no step waits; begin an operation first"};
  if (!std::holds_alternative<ExpectedStep>(machine_.step()))
    return Error{ErrorCode::step_mismatch, std::string("answered with ") + answer + ", but the step that waits is " +
                                               step_name(machine_.step())};
  return {};
}

Status HostLoop::resume() {
  MASKLET_TRY(check_step<FrameReady>("nothing"));
  go_on(std::monostate{});
  return {};
}

Status HostLoop::resume(const ImageView& frame) {
  MASKLET_TRY(check_step<NeedFrame>("a frame"));
  MASKLET_TRY(check_frame(frame));
  go_on(frame);
  return {};
}

Status HostLoop::resume(std::vector<Tensor> outputs) {
  MASKLET_TRY(check_step<RunNetwork>("network outputs"));
  MASKLET_TRY(check_outputs(std::get<RunNetwork>(machine_.step()), outputs));
  go_on(std::move(outputs));
  return {};
}

Status HostLoop::end_of_clip() {
  MASKLET_TRY(check_step<NeedFrame>("the end of the clip"));
  go_on(EndOfClip{});
  return {};
}

Status HostLoop::fail(Error error) {
  if (!machine_.waiting()) return check_step<Done>("an error");
  go_on(std::move(error));
  return {};
}

Status HostLoop::cancel() {
  return fail(Error{ErrorCode::cancelled, "the operation was cancelled; results reported so far are kept"});
}

Status HostLoop::check_idle() const {
  if (!busy()) return {};
  return Error{ErrorCode::invalid_state, "an operation is running; finish or cancel it first"};
}

Status HostLoop::begin(Task<Status> task) {
  MASKLET_TRY(check_idle());
  task_.emplace(std::move(task));
  task_->start(machine_);
  machine_.run();
  settle();
  return {};
}

void HostLoop::abandon() {
  machine_.clear();
  task_.reset();
}

void HostLoop::go_on(Answer answer) {
  machine_.answer(std::move(answer));
  settle();
}

void HostLoop::settle() {
  if (machine_.waiting()) return;
  done_ = Done{task_->take()};
  task_.reset();
}

}  // namespace masklet
