#include "core/tracking/mask_selection.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace masklet;

namespace {

constexpr int kSide = 10;

/// Four masks, each of one value, with pointers that carry their token.
DecoderOutputs outputs(std::vector<float> ious, float object_score = 1) {
  DecoderOutputs out;
  out.masks_khw = Tensor(DType::f32, {4, kSide, kSide});
  for (int i = 0; i < 4 * kSide * kSide; ++i)
    out.masks_khw.f32()[i] = 1.0f + static_cast<float>(i / (kSide * kSide));
  out.ious_k = Tensor::from({4}, ious);
  out.token_pointers_kc = Tensor::from({4, 2}, std::vector<float>{0, 0.5f, 1, 1.5f, 2, 2.5f, 3, 3.5f});
  out.object_score = Tensor::from({1}, {&object_score, 1});
  return out;
}

/// The single mask with `unsure` pixels at 0, between the two thresholds.
DecoderOutputs with_unsure_pixels(int unsure) {
  DecoderOutputs out = outputs({0.1f, 0.2f, 0.4f, 0.3f});
  for (int i = 0; i < unsure; ++i) out.masks_khw.f32()[i] = 0;
  return out;
}

float shown_value(const SelectedMask& selected) {
  return selected.masks_khw.f32()[(selected.best + 1) * kSide * kSide - 1];
}

}  // namespace

TEST_CASE("no point or one: three masks compete by IoU, more: one mask") {
  CHECK(uses_multimask(0));
  CHECK(uses_multimask(1));
  CHECK_FALSE(uses_multimask(2));
  CHECK_FALSE(uses_multimask(3));
}

TEST_CASE("of three masks the one of the highest IoU is chosen, with its own pointer") {
  const SelectedMask selected = select_mask(outputs({0.9f, 0.1f, 0.8f, 0.3f}), true);
  CHECK(selected.masks_khw.shape == Shape{3, kSide, kSide});
  CHECK(selected.ious == std::vector<float>{0.1f, 0.8f, 0.3f});
  CHECK(selected.best == 1);
  CHECK(shown_value(selected) == 3.0f);  // of token 2: the single mask took no part
  CHECK(selected.pointer == std::vector<float>{2, 2.5f});
  CHECK(selected.object_score == 1.0f);
}

TEST_CASE("of equal IoUs the first wins") {
  CHECK(select_mask(outputs({0, 0.5f, 0.5f, 0.5f}), true).best == 0);
  CHECK(select_mask(outputs({0, 0.4f, 0.5f, 0.5f}), true).best == 1);
}

TEST_CASE("a stable single mask is taken whatever the others' IoUs") {
  const SelectedMask selected = select_mask(outputs({0.1f, 0.9f, 0.8f, 0.7f}), false);
  CHECK(selected.masks_khw.shape == Shape{1, kSide, kSide});
  CHECK(selected.ious == std::vector<float>{0.1f});
  CHECK(selected.best == 0);
  CHECK(shown_value(selected) == 1.0f);
  CHECK(selected.pointer == std::vector<float>{0, 0.5f});
}

TEST_CASE("an unstable single mask is replaced by the best of the three, but the pointer stays its own") {
  const SelectedMask selected = select_mask(with_unsure_pixels(3), false);
  CHECK(selected.masks_khw.shape == Shape{1, kSide, kSide});
  CHECK(selected.ious == std::vector<float>{0.4f});
  CHECK(selected.best == 0);
  CHECK(shown_value(selected) == 3.0f);
  CHECK(selected.pointer == std::vector<float>{0, 0.5f});
}

TEST_CASE("98 of 100 pixels are just stable enough") {
  CHECK(select_mask(with_unsure_pixels(2), false).ious == std::vector<float>{0.1f});
}

TEST_CASE("pixels between the thresholds make a mask unstable, and those below do not") {
  DecoderOutputs out = outputs({0.1f, 0.2f, 0.4f, 0.3f});
  for (int i = 0; i < 50; ++i) out.masks_khw.f32()[i] = -0.06f;
  CHECK(select_mask(out, false).ious == std::vector<float>{0.1f});
  for (int i = 0; i < 50; ++i) out.masks_khw.f32()[i] = 0.04f;
  CHECK(select_mask(out, false).ious == std::vector<float>{0.4f});
  for (int i = 0; i < 50; ++i) out.masks_khw.f32()[i] = 0.06f;
  CHECK(select_mask(out, false).ious == std::vector<float>{0.1f});
}

TEST_CASE("an empty single mask is stable") {
  DecoderOutputs out = outputs({0.1f, 0.2f, 0.4f, 0.3f});
  for (int i = 0; i < kSide * kSide; ++i) out.masks_khw.f32()[i] = -5;
  CHECK(select_mask(out, false).ious == std::vector<float>{0.1f});
}

TEST_CASE("an absent object's logits and pointer are replaced, its estimates stay") {
  ModelConstants constants;
  constants.no_object_pointer = {7, 8};
  for (const float score : {0.0f, -0.001f, -9.0f, std::numeric_limits<float>::quiet_NaN()}) {
    SelectedMask selected = select_mask(outputs({0, 0.1f, 0.8f, 0.3f}, score), true);
    gate_by_object_score(selected, constants);
    for (const float logit : selected.masks_khw.f32()) CHECK(logit == -1024.0f);
    CHECK(selected.pointer == std::vector<float>{7, 8});
    CHECK(selected.ious == std::vector<float>{0.1f, 0.8f, 0.3f});
    CHECK(selected.best == 1);
  }
  SelectedMask present = select_mask(outputs({0, 0.1f, 0.8f, 0.3f}, 0.001f), true);
  gate_by_object_score(present, constants);
  CHECK(shown_value(present) == 3.0f);
  CHECK(present.pointer == std::vector<float>{2, 2.5f});
}
