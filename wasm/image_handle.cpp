#include "wasm/image_handle.h"

#include "wasm/frame_value.h"
#include "wasm/values.h"

namespace masklet::wasm {

val ImageHandle::set_image(int width, int height) {
  return guarded([&] {
    const Status accepted = predictor_.set_image(0, width, height);
    if (!accepted) return failure(accepted.error());
    width_ = width;
    height_ = height;
    return success();
  });
}

val ImageHandle::predict(val prompt) {
  return guarded([&] { return outcome(predictor_.predict(image_prompt_of(prompt))); });
}

val ImageHandle::masks(val forms) {
  return guarded([&] {
    return success(image_masks_value(predictor_.masks(), model_->model.architecture.low_res_size(), width_, height_,
                                     forms));
  });
}

}  // namespace masklet::wasm
