#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/script/trace_tensors.h"
#include "core/tracking/session.h"
#include "wasm/checkpoint_handle.h"
#include "wasm/loop_handle.h"

namespace masklet::wasm {

/// A session with its model. Calls begin an operation, which the loop then drives.
class SessionHandle final : public LoopHandle {
 public:
  /// {value: SessionHandle}.
  static emscripten::val create(std::shared_ptr<ModelHandle> model, emscripten::val clip, emscripten::val options);
  /// From the bytes that save() gave, here or in the native twin.
  static emscripten::val restore(std::shared_ptr<ModelHandle> model, emscripten::val bytes);

  /// {value: details} of such bytes.
  static emscripten::val details(emscripten::val bytes);

  emscripten::val add_points(emscripten::val prompt);
  /// {object, frame, width, height, opacity}, and a Uint8Array with a byte a pixel, or four with `opacity`, of which the
  /// last counts.
  emscripten::val add_mask(emscripten::val prompt, emscripten::val bitmap);
  emscripten::val clear_prompts(int object, int frame);
  emscripten::val remove_object(int object);
  emscripten::val reset();
  /// {start, length, reverse}.
  emscripten::val propagate(emscripten::val request);
  emscripten::val continue_propagation();
  emscripten::val show(int frame);

  /// The result that waits as a "ready" step, in the forms asked for: see frame_value.
  emscripten::val result(emscripten::val forms);
  /// {value: {clip, objects: [{id, prompts}], propagation}}.
  emscripten::val describe();
  /// {value: [Uint8Array]}, one after the other what restore() takes. `details`: {clipName, clipFingerprint, modelName, modelFingerprint, results}.
  emscripten::val save(emscripten::val details);

  /// From now on decoder calls and the image encoder's inputs are collected under this tag; an empty one stops.
  void trace(const std::string& tag);
  /// {value: Uint8Array}: what was collected, as .safetensors.
  emscripten::val take_trace();

 protected:
  HostLoop& loop() override { return *session_; }

 private:
  SessionHandle(std::shared_ptr<ModelHandle> model, std::unique_ptr<Session> session, Clip clip)
      : model_(std::move(model)), session_(std::move(session)), clip_(clip) {}

  std::shared_ptr<ModelHandle> model_;  // outlives the session
  std::unique_ptr<Session> session_;
  Clip clip_;
  std::string tag_;
  std::vector<NamedTensor> traced_;
};

}  // namespace masklet::wasm
