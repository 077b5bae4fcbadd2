#pragma once

#include <functional>
#include <string>

#include "native/media/frame_source.h"
#include "native/output/progress.h"

namespace masklet::native {

struct OverlayOptions {
  std::string masklets;    ///< masklets.jsonl of the same clip
  std::string path;        ///< the video to be written
  std::string sound_from;  ///< whose sound is kept; empty: none
  std::function<bool()> stop;
};

/// Writes the whole clip as a video in which objects are tinted and outlined in their colours. Returns a
/// remark for the person who waits for it, or nothing. Errors: those of MaskletsReader, VideoWriter and of
/// reading frames; cancelled.
Result<std::string> write_overlay(FrameSource& frames, const OverlayOptions& options, Progress& progress);

}  // namespace masklet::native
