#include <emscripten/bind.h>

#include "core/base/error.h"
#include "wasm/account_handle.h"
#include "wasm/checkpoint_handle.h"
#include "wasm/frame_value.h"
#include "wasm/hash_handle.h"
#include "wasm/image_handle.h"
#include "wasm/plan_value.h"
#include "wasm/session_handle.h"
#include "wasm/values.h"

// What JavaScript sees of core. web/src/core/module.ts declares the same names as types.

namespace masklet::wasm {
namespace {

val error_codes() {
  val codes = val::array();
#define MASKLET_ERROR(name, meaning) codes.call<void>("push", std::string(#name));
#include "core/base/error_codes.inc"
#undef MASKLET_ERROR
  return codes;
}

}  // namespace

EMSCRIPTEN_BINDINGS(masklet) {
  using namespace emscripten;

  function("errorCodes", &error_codes);
  function("openCheckpoint", &CheckpointHandle::open);
  function("createSession", &SessionHandle::create);
  function("restoreSession", &SessionHandle::restore);
  function("sessionDetails", &SessionHandle::details);
  function("completeSession", &SessionHandle::complete);
  function("createImagePredictor", &ImageHandle::create);
  function("frameFromRle", &frame_from_rle);
  function("headerLine", &header_line);
  function("frameLine", &frame_line);
  function("endLine", &end_line);
  function("iou", &iou_of);
  function("synthFrame", &synth_frame);
  function("fingerprint", &source_fingerprint);
  function("planSession", &plan_session);
  function("checkClip", &check_clip);
  function("downscaledSize", &downscaled_size_of);

  class_<HashHandle>("Sha256")
      .constructor()
      .function("update", &HashHandle::update)
      .function("hex", &HashHandle::hex);

  class_<AccountHandle>("Account")
      .smart_ptr_constructor("AccountPointer", &std::make_shared<AccountHandle, double>)
      .function("hold", &AccountHandle::hold)
      .function("set", &AccountHandle::set)
      .function("reserve", &AccountHandle::reserve)
      .function("touch", &AccountHandle::touch)
      .function("report", &AccountHandle::report);

  class_<ModelHandle>("Model")
      .smart_ptr<std::shared_ptr<ModelHandle>>("ModelPointer")
      .function("describe", &ModelHandle::describe);

  class_<NetworkHandle>("Network")
      .smart_ptr<std::shared_ptr<NetworkHandle>>("NetworkPointer")
      .function("onnx", &NetworkHandle::onnx)
      .function("weights", &NetworkHandle::weights);

  class_<CheckpointHandle>("Checkpoint")
      .smart_ptr<std::shared_ptr<CheckpointHandle>>("CheckpointPointer")
      .function("recognise", &CheckpointHandle::recognise)
      .function("network", &CheckpointHandle::network);

  class_<LoopHandle>("Loop")
      .function("step", &LoopHandle::step)
      .function("answerFrame", &LoopHandle::answer_frame)
      .function("endOfClip", &LoopHandle::end_of_clip)
      .function("answerOutputs", &LoopHandle::answer_outputs)
      .function("answerReady", &LoopHandle::answer_ready)
      .function("fail", &LoopHandle::fail)
      .function("cancel", &LoopHandle::cancel);

  class_<SessionHandle, base<LoopHandle>>("Session")
      .smart_ptr<std::shared_ptr<SessionHandle>>("SessionPointer")
      .function("addPoints", &SessionHandle::add_points)
      .function("addMask", &SessionHandle::add_mask)
      .function("clearPrompts", &SessionHandle::clear_prompts)
      .function("removeObject", &SessionHandle::remove_object)
      .function("reset", &SessionHandle::reset)
      .function("propagate", &SessionHandle::propagate)
      .function("continuePropagation", &SessionHandle::continue_propagation)
      .function("show", &SessionHandle::show)
      .function("result", &SessionHandle::result)
      .function("describe", &SessionHandle::describe)
      .function("memory", &SessionHandle::memory)
      .function("save", &SessionHandle::save)
      .function("trace", &SessionHandle::trace)
      .function("takeTrace", &SessionHandle::take_trace);

  class_<ImageHandle, base<LoopHandle>>("ImagePredictor")
      .smart_ptr<std::shared_ptr<ImageHandle>>("ImagePredictorPointer")
      .function("setImage", &ImageHandle::set_image)
      .function("predict", &ImageHandle::predict)
      .function("masks", &ImageHandle::masks);
}

}  // namespace masklet::wasm
