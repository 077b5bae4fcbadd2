#pragma once

#include <emscripten/val.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/frame/downscaler.h"
#include "core/frame/frame_converter.h"
#include "core/tracking/host_loop.h"

namespace masklet::wasm {

/// The host's loop of step.h, for a session or an image predictor.
class LoopHandle {
 public:
  virtual ~LoopHandle() = default;

  /// The step that waits: {kind, ...}.
  emscripten::val step();
  /// Answers a "frame" step: a description of the picture (see video_frame_of) and a Uint8Array with its planes.
  emscripten::val answer_frame(emscripten::val picture, emscripten::val data);
  emscripten::val end_of_clip();
  /// Answers a "run" step with an array of tensors.
  emscripten::val answer_outputs(emscripten::val outputs);
  emscripten::val answer_ready();
  emscripten::val fail(const std::string& code, const std::string& message);
  emscripten::val cancel();

 protected:
  virtual HostLoop& loop() = 0;
  /// Pictures whose longer side has more pixels are scaled down to it from now on; 0: none are.
  void downscale_to(int longest) { downscaler_ = Downscaler(longest); }

 private:
  FrameConverter converter_;
  Downscaler downscaler_;
  std::vector<std::uint8_t> picture_;
};

}  // namespace masklet::wasm
