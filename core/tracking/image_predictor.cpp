#include "core/tracking/image_predictor.h"

#include <algorithm>
#include <string>

#include "core/mask/resize_antialias.h"
#include "core/tracking/prompt.h"

namespace masklet {
namespace {

constexpr float kRefinementLimit = 32.0f;

}  // namespace

Status ImagePredictor::set_image(int frame, int width, int height) {
  MASKLET_TRY(check_idle());
  if (width < 1 || height < 1)
    return Error{ErrorCode::invalid_argument, "the image is " + std::to_string(width) + " x " +
                                                  std::to_string(height) + " pixels; both sides must be at least 1"};
  return begin(encode(frame, width, height));
}

Task<Status> ImagePredictor::encode(int frame, int width, int height) {
  width_ = width;
  height_ = height;
  if (features_) networks_.release(*features_);
  features_.reset();
  masks_.clear();
  WaitForHost host{machine_, Step(NeedFrame{frame})};
  Answer answer = co_await host;
  if (auto* error = std::get_if<Error>(&answer)) co_return std::move(*error);
  if (!std::holds_alternative<ImageView>(answer))
    co_return Error{ErrorCode::frame_out_of_range, "the host has no image to set"};
  const int size = model_.architecture.image_size;
  Tensor image(DType::f32, {size, size, 3});
  MASKLET_CO_TRY(resize_antialias_rgb_f32(std::get<ImageView>(answer), size, size, image.f32()));
  Task<Result<FrameFeatures>> encoding = networks_.encode_image(std::move(image));
  Result<FrameFeatures> features = co_await encoding;
  MASKLET_CO_TRY(features);
  features_ = *features;
  co_return Status();
}

Status ImagePredictor::check_frame(const ImageView& frame) const {
  if (frame.width == width_ && frame.height == height_) return {};
  return Error{ErrorCode::step_mismatch, "an image of " + std::to_string(frame.width) + " x " +
                                             std::to_string(frame.height) + " pixels was handed over; set_image said " +
                                             std::to_string(width_) + " x " + std::to_string(height_)};
}

Status ImagePredictor::predict(ImagePrompt prompt) {
  MASKLET_TRY(check_idle());
  if (!features_) return Error{ErrorCode::invalid_state, "no image is set; call set_image first"};
  MASKLET_TRY(validate_points(prompt.points, prompt.box, width_, height_));
  const int side = model_.architecture.low_res_size();
  if (!prompt.mask_input.empty() && static_cast<int>(prompt.mask_input.size()) != side * side)
    return Error{ErrorCode::invalid_argument, "the mask input holds " + std::to_string(prompt.mask_input.size()) +
                                                  " logits; this model takes " + std::to_string(side) + " x " +
                                                  std::to_string(side)};
  DecoderPrompt decoder;
  const std::vector<Point> points = box_and_points(prompt.box, prompt.points);
  append_points(decoder, points, width_, height_, model_.architecture.image_size);
  // Without any point the reference gives the decoder none at all here, not even padding.
  if (!points.empty()) append_padding(decoder, 1);
  decoder.mask = std::move(prompt.mask_input);
  return begin(decode(std::move(decoder), prompt.multimask));
}

Task<Status> ImagePredictor::decode(DecoderPrompt prompt, bool multimask) {
  Task<Result<DecoderOutputs>> decoding =
      networks_.decode_mask(*features_, features_->vision_tokens, true, std::move(prompt));
  Result<DecoderOutputs> outputs = co_await decoding;
  MASKLET_CO_TRY(outputs);
  const SelectedMask selected = select_mask(*outputs, multimask);
  const std::size_t pixels = selected.masks_khw.shape[1] * selected.masks_khw.shape[2];
  masks_.clear();
  for (std::size_t i = 0; i < selected.ious.size(); ++i) {
    const auto logits = selected.masks_khw.f32().subspan(i * pixels, pixels);
    ImageMask mask{{logits.begin(), logits.end()}, {logits.begin(), logits.end()}, selected.ious[i]};
    for (float& logit : mask.refinement) logit = std::clamp(logit, -kRefinementLimit, kRefinementLimit);
    masks_.push_back(std::move(mask));
  }
  co_return Status();
}

}  // namespace masklet
