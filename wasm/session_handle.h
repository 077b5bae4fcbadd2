#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/script/trace_tensors.h"
#include "core/tracking/session.h"
#include "wasm/account_handle.h"
#include "wasm/checkpoint_handle.h"
#include "wasm/js_record_store.h"
#include "wasm/loop_handle.h"

namespace masklet::wasm {

/// A session with its model. Calls begin an operation, which the loop then drives.
class SessionHandle final : public LoopHandle {
 public:
  /// {value: SessionHandle}. `host`: {store: see JsRecordStore, or absent, hotFrames, maxPromptedFrames,
  /// encodesAhead, downscaleMax}.
  static emscripten::val create(std::shared_ptr<ModelHandle> model, std::shared_ptr<AccountHandle> account,
                                emscripten::val clip, emscripten::val options, emscripten::val host);
  /// From what save() gave, here or in the native twin: see JsSource. `settings`: {cachedFrames, memories}, where they are
  /// to be others than the saved ones.
  static emscripten::val restore(std::shared_ptr<ModelHandle> model, std::shared_ptr<AccountHandle> account,
                                 emscripten::val source, emscripten::val settings, emscripten::val host);

  /// {value: details} of the same; results are its last resultsBytes bytes.
  static emscripten::val details(emscripten::val source);
  /// Of what save() gave with stored records left where they are, the file that it gives without: `results_bytes` and `take` as
  /// there.
  static emscripten::val complete(emscripten::val source, emscripten::val store, double results_bytes,
                                  emscripten::val take);

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
  /// {current, peak, hits, misses}: bytes that the session holds in core; of frames' features, how often they were there.
  emscripten::val memory() const;
  /// `take` gets a Uint8Array after the other, which are what restore() takes once the results follow. `details`: {clipName,
  /// clipFingerprint, modelName, modelFingerprint, direction, resultsBytes}. `leaves_stored`: records in the store stay
  /// there, and only a session with the same store goes on.
  emscripten::val save(emscripten::val details, bool leaves_stored, emscripten::val take);

  /// From now on decoder calls and the image encoder's inputs are collected under this tag; an empty one stops.
  void trace(const std::string& tag);
  /// {value: Uint8Array}: what was collected, as .safetensors.
  emscripten::val take_trace();

 protected:
  HostLoop& loop() override { return *session_; }

 private:
  SessionHandle(std::shared_ptr<ModelHandle> model, std::shared_ptr<AccountHandle> account,
                std::unique_ptr<JsRecordStore> store, std::unique_ptr<Session> session, Clip clip)
      : model_(std::move(model)),
        account_(std::move(account)),
        store_(std::move(store)),
        session_(std::move(session)),
        clip_(clip) {}

  // These outlive the session.
  std::shared_ptr<ModelHandle> model_;
  std::shared_ptr<AccountHandle> account_;
  std::unique_ptr<JsRecordStore> store_;  // null: all records in memory
  std::unique_ptr<Session> session_;
  Clip clip_;
  std::string tag_;
  std::vector<NamedTensor> traced_;
};

}  // namespace masklet::wasm
