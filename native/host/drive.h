#pragma once

#include <functional>

#include "core/tracking/host_loop.h"
#include "native/media/frame_source.h"
#include "native/runtime/runtime.h"

namespace masklet::native {

/// Takes a frame's result; an error ends the operation.
using OnFrame = std::function<Status(const FrameResult&)>;

/// Runs the operation that `loop` has begun to its end, as step.h describes. Returns how it ended.
Status drive(HostLoop& loop, OrtRuntime& runtime, FrameSource& frames, const OnFrame& on_frame);

}  // namespace masklet::native
