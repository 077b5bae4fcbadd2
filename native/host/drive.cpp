#include "native/host/drive.h"

namespace masklet::native {
namespace {

Status answer(HostLoop& loop, const NeedFrame& step, FrameSource& frames) {
  Result<ImageView> frame = frames.read(step.frame);
  if (frame) return loop.resume(*frame);
  if (frame.error().code == ErrorCode::frame_out_of_range) return loop.end_of_clip();
  return loop.fail(frame.error());
}

Status answer(HostLoop& loop, const RunNetwork& step, OrtRuntime& runtime) {
  runtime.release(step.release);
  Result<std::vector<Tensor>> outputs = runtime.run(step);
  return outputs ? loop.resume(std::move(*outputs)) : loop.fail(outputs.error());
}

Status answer(HostLoop& loop, const FrameReady& step, const OnFrame& on_frame) {
  Status taken = on_frame ? on_frame(step.result) : Status();
  return taken ? loop.resume() : loop.fail(taken.error());
}

}  // namespace

Status drive(HostLoop& loop, OrtRuntime& runtime, FrameSource& frames, const OnFrame& on_frame) {
  for (;;) {
    const Step& step = loop.next();
    Status accepted;
    if (const auto* done = std::get_if<Done>(&step)) {
      return done->status;
    } else if (const auto* need_frame = std::get_if<NeedFrame>(&step)) {
      accepted = answer(loop, *need_frame, frames);
    } else if (const auto* run = std::get_if<RunNetwork>(&step)) {
      accepted = answer(loop, *run, runtime);
    } else {
      accepted = answer(loop, std::get<FrameReady>(step), on_frame);
    }
    // A refused answer leaves the step waiting; here it means a frame of the wrong size, which ends the operation.
    if (!accepted) MASKLET_TRY(loop.fail(accepted.error()));
  }
}

}  // namespace masklet::native
