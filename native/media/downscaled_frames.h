#pragma once

#include "native/media/frame_source.h"

namespace masklet::native {

/// `frames`, each scaled down as it is read where their longer side is beyond `longest` pixels; `frames` themselves
/// where it is not, or where `longest` is 0.
std::unique_ptr<FrameSource> downscaled_frames(std::unique_ptr<FrameSource> frames, int longest);

}  // namespace masklet::native
