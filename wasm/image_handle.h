#pragma once

#include <memory>

#include "core/tracking/image_predictor.h"
#include "wasm/checkpoint_handle.h"
#include "wasm/loop_handle.h"

namespace masklet::wasm {

/// Image mode with its model.
class ImageHandle final : public LoopHandle {
 public:
  static std::shared_ptr<ImageHandle> create(std::shared_ptr<ModelHandle> model) {
    return std::shared_ptr<ImageHandle>(new ImageHandle(std::move(model)));
  }

  emscripten::val set_image(int width, int height);
  emscripten::val predict(emscripten::val prompt);
  /// {value: [...]} after Done: see image_masks_value.
  emscripten::val masks(emscripten::val forms);

 protected:
  HostLoop& loop() override { return predictor_; }

 private:
  explicit ImageHandle(std::shared_ptr<ModelHandle> model) : model_(std::move(model)), predictor_(model_->model) {}

  std::shared_ptr<ModelHandle> model_;  // outlives the predictor
  ImagePredictor predictor_;
  int width_ = 0;
  int height_ = 0;
};

}  // namespace masklet::wasm
