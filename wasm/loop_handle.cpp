#include "wasm/loop_handle.h"

#include "wasm/values.h"

namespace masklet::wasm {
namespace {

ErrorCode error_code_of(const std::string& name) {
#define MASKLET_ERROR(code, meaning) \
  if (name == #code) return ErrorCode::code;
#include "core/base/error_codes.inc"
#undef MASKLET_ERROR
  return ErrorCode::runtime_failed;
}

}  // namespace

val LoopHandle::step() {
  return guarded([&] { return success(to_value(loop().next())); });
}

val LoopHandle::answer_frame(val picture, val data) {
  return guarded([&] {
    picture_.resize(data["length"].as<std::size_t>());
    read_bytes(data, std::as_writable_bytes(std::span(picture_)));
    const auto frame = video_frame_of(picture, picture_);
    if (!frame) return failure(frame.error());
    const auto image = converter_.convert(*frame);
    if (!image) return failure(image.error());
    const auto scaled = downscaler_.scale(*image);
    return scaled ? outcome(loop().resume(*scaled)) : failure(scaled.error());
  });
}

val LoopHandle::end_of_clip() {
  return guarded([&] { return outcome(loop().end_of_clip()); });
}

val LoopHandle::answer_outputs(val outputs) {
  return guarded([&] {
    std::vector<Tensor> tensors;
    for (int i = 0; i < outputs["length"].as<int>(); ++i) {
      auto tensor = tensor_of(outputs[i]);
      if (!tensor) return failure(tensor.error());
      tensors.push_back(std::move(*tensor));
    }
    return outcome(loop().resume(std::move(tensors)));
  });
}

val LoopHandle::answer_ready() {
  return guarded([&] { return outcome(loop().resume()); });
}

val LoopHandle::fail(const std::string& code, const std::string& message) {
  return guarded([&] { return outcome(loop().fail({error_code_of(code), message})); });
}

val LoopHandle::cancel() {
  return guarded([&] { return outcome(loop().cancel()); });
}

}  // namespace masklet::wasm
