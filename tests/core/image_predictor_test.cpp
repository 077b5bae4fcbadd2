#include "core/tracking/image_predictor.h"

#include <catch2/catch.hpp>

#include "core/graph/networks.h"
#include "fake_host.h"
#include "weights_files.h"

using namespace masklet;
using namespace masklet::tracking_test;
using Catch::Contains;
using Catch::StartsWith;
using masklet::weights_test::outcome;

namespace {

constexpr int kWidth = 40, kHeight = 30;

ImagePrompt at(float x, float y, int label = 1) {
  ImagePrompt prompt;
  prompt.points = {{x, y, label}};
  return prompt;
}

/// A predictor on small_model(), with the image set that the host has as frame 0.
struct ImageTest {
  FakeHost host{2, kWidth, kHeight};
  ImagePredictor predictor{shared_model()};

  ImageTest() { REQUIRE(outcome(set(0)) == "ok"); }
  Status set(int frame) {
    const Status begun = predictor.set_image(frame, kWidth, kHeight);
    return begun ? host.drive(predictor) : begun;
  }
  Status ask(ImagePrompt prompt) {
    const Status begun = predictor.predict(std::move(prompt));
    return begun ? host.drive(predictor) : begun;
  }
};

}  // namespace

TEST_CASE_METHOD(ImageTest, "an image is encoded once for all that is asked about it") {
  REQUIRE(outcome(ask(at(12, 9))) == "ok");
  REQUIRE(outcome(ask(at(30, 20))) == "ok");
  CHECK(runs_of(host.runs, NetworkId::image_encoder).size() == 1);
  CHECK(host.frames_asked == Frames{0});
  CHECK(host.violations == std::vector<std::string>{});
}

TEST_CASE_METHOD(ImageTest, "three masks where the prompt may mean several things, else one") {
  const std::size_t pixels = 16 * 16;
  REQUIRE(outcome(ask(at(12, 9))) == "ok");
  REQUIRE(predictor.masks().size() == 3);
  for (const ImageMask& mask : predictor.masks()) {
    CHECK(mask.logits.size() == pixels);
    CHECK(mask.refinement.size() == pixels);
  }
  ImagePrompt single = at(12, 9);
  single.multimask = false;
  REQUIRE(outcome(ask(single)) == "ok");
  CHECK(predictor.masks().size() == 1);
}

TEST_CASE_METHOD(ImageTest,
                 "points and boxes reach the decoder in the model's pixels, and then one of padding") {
  ImagePrompt prompt = at(20, 15, 0);
  prompt.box = {{10, 6, 30, 24}};
  REQUIRE(outcome(ask(prompt)) == "ok");
  const RunNetwork decoding = runs_of(host.runs, NetworkId::mask_decoder).back();
  const auto points = input(decoding, tensor_names::kPoints).f32();
  const auto labels = input(decoding, tensor_names::kLabels).as<std::int64_t>();
  CHECK(std::vector<std::int64_t>(labels.begin(), labels.end()) == std::vector<std::int64_t>{2, 3, 0, -1});
  const float across = 64.0f / kWidth, down = 64.0f / kHeight;
  const std::vector<float> expected = {10 * across, 6 * down, 30 * across, 24 * down, 20 * across, 15 * down};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(points[i] == Approx(expected[i]));
}

TEST_CASE_METHOD(ImageTest, "an answer is given back clamped, as the mask to refine") {
  host.edit = [](const RunNetwork& step, std::vector<Tensor>& outputs) {
    if (step.network != NetworkId::mask_decoder) return;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (step.outputs[i].name == tensor_names::kMasks) outputs[i].f32()[16 * 16] = 100;
    }
  };
  REQUIRE(outcome(ask(at(12, 9))) == "ok");
  CHECK(predictor.masks()[0].logits[0] == 100);
  CHECK(predictor.masks()[0].refinement[0] == 32);

  ImagePrompt refined = at(12, 9);
  refined.mask_input = predictor.masks()[0].refinement;
  const std::vector<float> given = refined.mask_input;
  REQUIRE(outcome(ask(refined)) == "ok");
  const RunNetwork decoding = runs_of(host.runs, NetworkId::mask_decoder).back();
  const auto mask = input(decoding, tensor_names::kMaskPrompt).f32();
  CHECK(std::vector<float>(mask.begin(), mask.end()) == given);
}

TEST_CASE_METHOD(ImageTest, "another image takes the place of the first, whose features go") {
  const std::size_t kept = host.kept_count();
  REQUIRE(outcome(ask(at(12, 9))) == "ok");
  REQUIRE(outcome(set(1)) == "ok");
  CHECK(predictor.masks().empty());
  REQUIRE(outcome(ask(at(12, 9))) == "ok");
  CHECK(host.kept_count() == kept);
  CHECK(host.violations == std::vector<std::string>{});
}

TEST_CASE_METHOD(ImageTest, "bad questions name the value and the limit, and the image stays set") {
  CHECK_THAT(outcome(ask(at(41, 9))), StartsWith("invalid_argument: ") && Contains("41"));
  ImagePrompt small = at(12, 9);
  small.mask_input.resize(100);
  CHECK_THAT(outcome(ask(small)), StartsWith("invalid_argument: ") && Contains("100") && Contains("16 x 16"));
  CHECK_THAT(outcome(predictor.set_image(0, 0, 30)), StartsWith("invalid_argument: ") && Contains("0 x 30"));
  CHECK(outcome(ask(at(12, 9))) == "ok");
}

TEST_CASE_METHOD(ImageTest,
                 "an image of another size than was said is refused, and the right one still taken") {
  REQUIRE(outcome(predictor.set_image(1, 20, 15)) == "ok");
  CHECK_THAT(outcome(predictor.resume(host.frame(1))), StartsWith("step_mismatch: ") && Contains("20 x 15"));
  FakeHost other(2, 20, 15);
  CHECK(outcome(other.drive(predictor)) == "ok");
}

TEST_CASE("nothing can be asked before an image is set, nor after setting one has failed") {
  FakeHost host(1, kWidth, kHeight);
  ImagePredictor predictor(shared_model());
  CHECK_THAT(outcome(predictor.predict(at(12, 9))), StartsWith("invalid_state: ") && Contains("set_image"));

  REQUIRE(outcome(predictor.set_image(0, kWidth, kHeight)) == "ok");
  CHECK(outcome(predictor.fail(Error{ErrorCode::io_failed, "gone"})) == "ok");
  CHECK_THAT(outcome(predictor.predict(at(12, 9))), StartsWith("invalid_state: "));

  REQUIRE(outcome(predictor.set_image(1, kWidth, kHeight)) == "ok");  // which the host does not have
  CHECK_THAT(outcome(host.drive(predictor)), StartsWith("frame_out_of_range: "));

  REQUIRE(outcome(predictor.set_image(0, kWidth, kHeight)) == "ok");
  REQUIRE(outcome(host.drive(predictor)) == "ok");
  REQUIRE(outcome(predictor.predict(at(12, 9))) == "ok");
  REQUIRE(outcome(host.drive(predictor)) == "ok");
  CHECK(predictor.masks().size() == 3);
}
