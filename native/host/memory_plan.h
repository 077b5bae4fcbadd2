#pragma once

#include "core/budget/limits.h"
#include "core/budget/plan.h"
#include "core/tracking/options.h"
#include "native/host/model_host.h"
#include "native/media/frame_source.h"

namespace masklet::native {

/// The cap on everything that the process holds.
struct MemoryOptions {
  std::uint64_t limit_bytes = 0;  ///< 0: none
  OnPressure on_pressure = OnPressure::fail;
};

/// What will be tracked, as far as memory depends on it.
struct TrackingScene {
  Clip clip;
  PictureSize scaled_from;  ///< of frames that are scaled down to the clip's size; 0 x 0: they are not
  FrameOrigin origin = FrameOrigin::video_file;
  int objects = 1;
  int prompted_frames = 1;  ///< of each object
  bool backwards = false;   ///< the clip is read backwards
  bool both_ways = false;
  bool keeps_track = false;  ///< any frame may be corrected later: records lie in a store
  bool labels = false;  ///< masks compete for pixels at the clip's size
};

/// The limits that the environment sets (core/budget/limits.h), where none has been given otherwise. Errors:
/// invalid_argument.
Result<Limits> limits_of_environment(const Limits& otherwise);

/// What a plan needs to know of a run on ONNX Runtime and FFmpeg.
PlanRequest plan_request(const MemoryOptions& memory, const Architecture& architecture,
                         const ModelOptions& model, const TrackingOptions& tracking,
                         const TrackingScene& scene);

/// The plan of a run on a model that lies on disk. Errors: those of open_model; out_of_memory.
Result<Plan> plan_tracking(const MemoryOptions& memory, const ModelOptions& model, const TrackingOptions& tracking,
                           const TrackingScene& scene);

/// Makes model and session follow the plan, with what it leaves for the runtime as the runtime's limit.
void follow(const Plan& plan, ModelOptions& model, TrackingOptions& tracking);

}  // namespace masklet::native
