#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "core/graph/networks.h"
#include "fake_host.h"
#include "weights_files.h"

// What a prompt asks of the decoder, and what becomes of its answer.

using namespace masklet;
using namespace masklet::tracking_test;
using masklet::weights_test::outcome;
namespace names = masklet::tensor_names;

namespace {

using Floats = std::vector<float>;
using Labels = std::vector<std::int64_t>;

Floats floats(const Tensor& tensor) {
  return {tensor.f32().begin(), tensor.f32().end()};
}
Floats points(const RunNetwork& decode) {
  return floats(input(decode, names::kPoints));
}
Labels labels(const RunNetwork& decode) {
  const auto span = input(decode, names::kLabels).as<std::int64_t>();
  return {span.begin(), span.end()};
}

/// Every value near the one given: resizing a plain mask rounds.
bool all_near(const Floats& values, float wanted) {
  return std::all_of(values.begin(), values.end(), [&](float v) { return std::abs(v - wanted) < 1e-5f; });
}

struct Fixture {
  std::unique_ptr<Session> session = new_session(6);
  FakeHost host{6};

  void add(const PointPrompt& prompt) {
    REQUIRE(outcome(session->add_points(prompt)) == "ok");
    REQUIRE(outcome(host.drive(*session)) == "ok");
  }
  void add(const MaskPrompt& prompt) {
    REQUIRE(outcome(session->add_mask(prompt)) == "ok");
    REQUIRE(outcome(host.drive(*session)) == "ok");
  }
  const SessionState& state() const { return **session->state(); }
  RunNetwork last_decode() const { return runs_of(host.runs, NetworkId::mask_decoder).back(); }
  const ObjectResult& last_result() const { return host.reported.back().objects.back(); }
};

/// Masks of one value each, 5 to 8, all stable, with rising IoUs: which one was chosen shows in the first
/// logit.
void plain_masks(const RunNetwork& step, std::vector<Tensor>& outputs) {
  if (step.network != NetworkId::mask_decoder) return;
  const std::size_t pixels = outputs[0].f32().size() / 4;
  for (std::size_t i = 0; i < 4 * pixels; ++i) outputs[0].f32()[i] = 5.0f + static_cast<float>(i / pixels);
  const Floats ious = {0.95f, 0.2f, 0.6f, 0.4f};
  std::copy(ious.begin(), ious.end(), outputs[1].f32().begin());
  outputs[3].f32()[0] = 3;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a click goes to the decoder in input pixels with one padding point") {
  add(click(1, 2, 10, 15));
  REQUIRE(host.runs.size() == 2);
  CHECK(host.runs[0].network == NetworkId::image_encoder);
  CHECK(input(host.runs[0], names::kImage).shape == Shape{64, 64, 3});
  CHECK(input(host.runs[0], names::kImage).dtype == DType::u8);
  const RunNetwork decode = last_decode();
  CHECK(points(decode) == Floats{16, 32, 0, 0});  // 10 / 40 * 64, 15 / 30 * 64
  CHECK(labels(decode) == Labels{1, -1});
  CHECK(flag(decode, names::kNoMemory) == 1.0f);
  CHECK(flag(decode, names::kHasMask) == 0.0f);
  CHECK(host.frames_asked == std::vector<int>{2});
  REQUIRE(host.reported.size() == 1);
  CHECK(host.reported[0].frame == 2);
  REQUIRE(host.reported[0].objects.size() == 1);
  CHECK(last_result().object == 1);
  CHECK(last_result().low_res_logits.size() == 16 * 16);
  CHECK(host.violations == std::vector<std::string>{});
}

TEST_CASE_METHOD(Fixture, "the frame's edges are inside it") {
  add(click(1, 0, 0, 0));
  CHECK(points(last_decode()) == Floats{0, 0, 0, 0});
  add(click(1, 0, 40, 30));
  CHECK(points(last_decode()) == Floats{64, 64, 0, 0});
  add(box(1, 0, {0, 0, 40, 30}));
  CHECK(points(last_decode()) == Floats{0, 0, 64, 64, 0, 0});
  add(box(1, 0, {10, 15, 10, 15}));  // a box of no extent
  CHECK(points(last_decode()) == Floats{16, 32, 16, 32, 0, 0});
}

TEST_CASE_METHOD(Fixture, "a box is two points before the others") {
  PointPrompt prompt = box(1, 0, {10, 0, 40, 15});
  prompt.points = {{20, 30, 0}};
  add(prompt);
  CHECK(points(last_decode()) == Floats{16, 0, 64, 32, 32, 64, 0, 0});
  CHECK(labels(last_decode()) == Labels{2, 3, 0, -1});
}

TEST_CASE_METHOD(Fixture, "one click chooses among three masks, a box or two clicks take the single one") {
  host.edit = plain_masks;
  add(click(1, 0, 10, 10));
  CHECK(last_result().low_res_logits[0] == 7.0f);
  CHECK(last_result().iou == 0.6f);
  CHECK(last_result().object_score == 3.0f);
  add(box(2, 0, {1, 1, 9, 9}));
  CHECK(last_result().low_res_logits[0] == 5.0f);
  CHECK(last_result().iou == 0.95f);
  PointPrompt second = click(1, 0, 12, 12);
  second.clear_old_points = false;
  add(second);
  CHECK(host.reported.back().objects[0].low_res_logits[0] == 5.0f);
}

TEST_CASE_METHOD(Fixture, "further clicks join the earlier ones, or replace them") {
  add(click(1, 0, 10, 15));
  PointPrompt more = click(1, 0, 20, 30, 0);
  more.clear_old_points = false;
  add(more);
  CHECK(points(last_decode()) == Floats{16, 32, 32, 64, 0, 0});
  CHECK(labels(last_decode()) == Labels{1, 0, -1});
  add(click(1, 0, 30, 15));
  CHECK(points(last_decode()) == Floats{48, 32, 0, 0});
  // Neither another frame's nor another object's.
  more.frame = 1;
  add(more);
  CHECK(labels(last_decode()) == Labels{0, -1});
  more.frame = 0;
  more.object = 2;
  add(more);
  CHECK(labels(last_decode()) == Labels{0, -1});
}

TEST_CASE_METHOD(Fixture, "points join a box") {
  add(box(1, 0, {10, 0, 40, 15}));
  PointPrompt more = click(1, 0, 20, 30, 0);
  more.clear_old_points = false;
  add(more);
  CHECK(labels(last_decode()) == Labels{2, 3, 0, -1});
}

TEST_CASE_METHOD(Fixture, "the frame's earlier logits go in as a mask prompt, clamped to 32") {
  host.edit = [](const RunNetwork& step, std::vector<Tensor>& outputs) {
    if (step.network != NetworkId::mask_decoder) return;
    for (float& logit : outputs[0].f32()) logit *= 10;  // up to 80
  };
  add(click(1, 0, 10, 15));
  Floats expected = last_result().low_res_logits;
  const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  CHECK((*low < -32 || *high > 32));
  for (float& logit : expected) logit = std::clamp(logit, -32.0f, 32.0f);
  add(click(1, 0, 11, 15));  // also where it replaces the points
  CHECK(flag(last_decode(), names::kHasMask) == 1.0f);
  CHECK(floats(input(last_decode(), names::kMaskPrompt)) == expected);
  CHECK(flag(last_decode(), names::kNoMemory) == 1.0f);
}

TEST_CASE_METHOD(Fixture, "an absent object's logits are -1024, and -32 as a mask prompt") {
  host.edit = [](const RunNetwork& step, std::vector<Tensor>& outputs) {
    if (step.network == NetworkId::mask_decoder) outputs[3].f32()[0] = -2;
  };
  add(click(1, 0, 10, 15));
  CHECK(last_result().low_res_logits == Floats(256, -1024.0f));
  CHECK(last_result().object_score == -2.0f);
  CHECK(state().objects[0].pending_conditioning.at(0).pointer == shared_model().constants.no_object_pointer);
  add(click(1, 0, 11, 15));
  CHECK(floats(input(last_decode(), names::kMaskPrompt)) == Floats(256, -32.0f));
}

TEST_CASE_METHOD(Fixture, "a mask is its own answer and gets only its pointer from the decoder") {
  host.edit = plain_masks;
  add(mask(1, 3, 0, 0, 40, 30));
  const RunNetwork decode = last_decode();
  CHECK(points(decode) == Floats{0, 0, 0, 0});
  CHECK(labels(decode) == Labels{-1, -1});
  CHECK(flag(decode, names::kNoMemory) == 0.0f);
  CHECK(flag(decode, names::kHasMask) == 1.0f);
  // All pixels set: the convolution's weights 1/16 ... 16/16 sum to 8.5; its bias is -0.5.
  CHECK(floats(input(decode, names::kMaskPrompt)) == Floats(256, 8.0f));
  CHECK(all_near(last_result().low_res_logits, 10.0f));
  CHECK(last_result().iou == 1.0f);
  CHECK(last_result().object_score == 10.0f);
  CHECK(state().objects[0].prompts.at(3).is_mask);
}

TEST_CASE_METHOD(Fixture, "a part of the frame as a mask") {
  add(mask(1, 0, 0, 0, 20, 30));  // the left half: columns 0 to 7 of 16
  const Floats& logits = last_result().low_res_logits;
  CHECK(logits[0] == Approx(10.0f));
  CHECK(logits[15] == Approx(-10.0f));
  CHECK(logits[16 * 15 + 6] == Approx(10.0f));
  CHECK(logits[16 * 15 + 9] == Approx(-10.0f));
}

TEST_CASE_METHOD(Fixture, "an empty mask says that the object is absent") {
  host.edit = plain_masks;
  add(mask(1, 0, 0, 0, 0, 0));
  CHECK(floats(input(last_decode(), names::kMaskPrompt)) == Floats(256, -0.5f));
  CHECK(all_near(last_result().low_res_logits, -10.0f));
  CHECK(last_result().object_score == -10.0f);
  CHECK(state().objects[0].pending_conditioning.at(0).pointer == shared_model().constants.no_object_pointer);
  // A mask that is not empty keeps the decoder's pointer of the single mask.
  Tensor pointers;
  host.edit = [&](const RunNetwork& step, std::vector<Tensor>& outputs) {
    plain_masks(step, outputs);
    if (step.network == NetworkId::mask_decoder) pointers = outputs[2];
  };
  add(mask(2, 0, 5, 5, 35, 25));
  const auto first = pointers.f32().first(32);
  CHECK(state().objects[1].pending_conditioning.at(0).pointer == Floats(first.begin(), first.end()));
}

TEST_CASE_METHOD(Fixture, "a mask whose pointer the decoder gates keeps its logits and score") {
  host.edit = [](const RunNetwork& step, std::vector<Tensor>& outputs) {
    if (step.network == NetworkId::mask_decoder) outputs[3].f32()[0] = -2;
  };
  add(mask(1, 0, 0, 0, 40, 30));
  CHECK(all_near(last_result().low_res_logits, 10.0f));
  CHECK(last_result().object_score == 10.0f);
  CHECK(state().objects[0].pending_conditioning.at(0).pointer == shared_model().constants.no_object_pointer);
}

TEST_CASE_METHOD(Fixture, "a mask may be of another size than the frame") {
  MaskPrompt prompt{1, 0, 7, 1, std::vector<std::uint8_t>(7, 1)};
  add(prompt);
  CHECK(all_near(last_result().low_res_logits, 10.0f));
}

TEST_CASE_METHOD(Fixture, "clicks after a mask refine it without being joined to it") {
  add(mask(1, 0, 0, 0, 40, 30));
  PointPrompt more = click(1, 0, 10, 15);
  more.clear_old_points = false;
  add(more);
  CHECK(labels(last_decode()) == Labels{1, -1});
  CHECK(all_near(floats(input(last_decode(), names::kMaskPrompt)), 10.0f));
  CHECK_FALSE(state().objects[0].prompts.at(0).is_mask);
}

TEST_CASE_METHOD(Fixture,
                 "objects are reported in the order in which they were added, each where it has a mask") {
  add(click(9, 0, 10, 15));
  add(click(4, 0, 20, 15));
  add(click(4, 1, 20, 15));
  add(click(-7, 0, 30, 15));
  REQUIRE(host.reported[3].objects.size() == 3);
  CHECK(host.reported[3].objects[0].object == 9);
  CHECK(host.reported[3].objects[1].object == 4);
  CHECK(host.reported[3].objects[2].object == -7);
  CHECK(same(host.reported[3].objects[0], host.reported[0].objects[0]));
  REQUIRE(host.reported[2].objects.size() == 1);
  CHECK(host.reported[2].objects[0].object == 4);
}

TEST_CASE_METHOD(Fixture, "a frame that was prompted twice is encoded once while it is cached") {
  add(click(1, 0, 10, 15));
  add(click(2, 0, 10, 15));
  CHECK(host.frames_asked == std::vector<int>{0});
  add(click(1, 1, 10, 15));
  add(click(1, 2, 10, 15));  // drops frame 0, of the two that are cached by default
  add(click(1, 1, 10, 15));
  CHECK(host.frames_asked == std::vector<int>{0, 1, 2});
  add(click(1, 0, 10, 15));
  CHECK(host.frames_asked == std::vector<int>{0, 1, 2, 0});
  CHECK(host.violations == std::vector<std::string>{});
}

TEST_CASE_METHOD(Fixture, "small holes are filled in what is shown and given as the next mask prompt") {
  host.edit = [](const RunNetwork& step, std::vector<Tensor>& outputs) {
    plain_masks(step, outputs);
    if (step.network == NetworkId::mask_decoder) {
      for (const int i : {3, 256 + 3, 512 + 3, 768 + 3}) outputs[0].f32()[i] = -4;
    }
  };
  add(click(1, 0, 10, 15));
  CHECK(last_result().low_res_logits[3] == 0.1f);
  CHECK(last_result().low_res_logits[2] == 7.0f);
  add(click(1, 0, 10, 15));
  CHECK(input(last_decode(), names::kMaskPrompt).f32()[3] == 0.1f);
}

TEST_CASE("showing a frame runs nothing") {
  Fixture fixture;
  fixture.add(click(1, 0, 10, 15));
  const std::size_t runs = fixture.host.runs.size();
  REQUIRE(outcome(fixture.session->show(0)) == "ok");
  REQUIRE(outcome(fixture.host.drive(*fixture.session)) == "ok");
  CHECK(same(fixture.host.reported[0], fixture.host.reported[1]));
  REQUIRE(outcome(fixture.session->show(3)) == "ok");
  REQUIRE(outcome(fixture.host.drive(*fixture.session)) == "ok");
  CHECK(fixture.host.reported[2].frame == 3);
  CHECK(fixture.host.reported[2].objects.empty());
  CHECK(fixture.host.runs.size() == runs);
}
