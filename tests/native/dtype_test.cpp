#include <catch2/catch.hpp>
#include <map>

#include "core/graph/graph_builder.h"
#include "native/cli/model_flags.h"
#include "native/host/segment.h"
#include "native/output/masklets_reader.h"
#include "tests/native/clip_files.h"
#include "tests/native/mini_model.h"

// What weights are kept as: f32, f16 or q8.

using namespace masklet;
using namespace masklet::native;
using namespace masklet::native::testing;

namespace {

constexpr int kFrames = 20;

/// Tracks two objects with the embedded model.
MaskletsReader tracked(const TemporaryFolder& folder, WeightStorage weights) {
  SegmentOptions options;
  options.input = folder / "frames";
  options.model.path = "nano";
  options.model.graph.weights = weights;
  options.model.runtime.threads = 1;
  options.output = folder / std::string(weight_storage_name(weights));
  ClipPrompt first, second;
  first.points = {{57, 133, 1}};
  second.object = 2;
  second.points = {{211, 69, 1}};
  options.prompts = {first, second};
  const auto summary = segment(options);
  REQUIRE(summary.ok());
  REQUIRE(summary->status.ok());
  auto reader = MaskletsReader::open(options.output + "/masklets.jsonl");
  REQUIRE(reader.ok());
  return std::move(*reader);
}

/// Over all masks; where both are empty they are the same.
double mean_iou(MaskletsReader& given, MaskletsReader& reference) {
  double sum = 0;
  int count = 0;
  for (int frame = 0; frame < kFrames; ++frame) {
    const auto masks = given.objects(frame), others = reference.objects(frame);
    REQUIRE((masks.ok() && others.ok() && masks->size() == 2 && others->size() == 2));
    for (std::size_t i = 0; i < 2; ++i, ++count)
      sum += (*masks)[i].rle == (*others)[i].rle ? 1 : *rle_iou((*masks)[i].rle, (*others)[i].rle);
  }
  return sum / count;
}

std::size_t weight_bytes(WeightStorage weights) {
  ModelOptions options;
  options.path = "nano";
  options.graph.weights = weights;
  options.runtime.threads = 1;
  const auto host = load_model_host(options);
  REQUIRE(host.ok());
  return (*host)->runtime.weight_bytes();
}

}  // namespace

TEST_CASE("f16 and q8 weights give nearly the masks of f32") {
  const TemporaryFolder folder;
  SynthOptions clip;
  clip.objects = 2;
  write_clip(clip, kFrames, folder / "frames", folder / "truth");
  MaskletsReader reference = tracked(folder, WeightStorage::f32);
  MaskletsReader half = tracked(folder, WeightStorage::f16), bytes = tracked(folder, WeightStorage::q8);
  const double f16 = mean_iou(half, reference), q8 = mean_iou(bytes, reference);
  INFO("mean IoU with f32's masks: f16 " << f16 << ", q8 " << q8);
  CHECK(f16 > 0.99);
  CHECK(q8 > 0.9);
  CHECK(q8 < 1);  // int8 did its part
}

TEST_CASE("f16 weights take about half of f32's bytes, q8 less") {
  const std::size_t f32 = weight_bytes(WeightStorage::f32), f16 = weight_bytes(WeightStorage::f16),
                    q8 = weight_bytes(WeightStorage::q8);
  INFO(f32 << ", " << f16 << ", " << q8 << " bytes");
  CHECK(f16 < f32 * 0.7);
  CHECK(q8 < f16 * 0.8);
}

TEST_CASE("a weight beyond f16 is refused as such") {
  ModelOptions options = mini_model();
  options.graph.weights = WeightStorage::f16;
  const auto opened = open_model(options);
  REQUIRE(opened.ok());
  GraphBuilder builder(NetworkId::mask_decoder, *opened->checkpoint, WeightStorage::f16);
  Tensor large(DType::f32, {32, 32});
  large.f32()[5] = 70000;
  builder.stored(large);
  const auto network = builder.finish();
  REQUIRE_FALSE(network.ok());
  CHECK(network.error().code == ErrorCode::weights_mismatch);
  CHECK(network.error().message.find("beyond f16's 65504; store the model as f32 or q8") != std::string::npos);
}

TEST_CASE("--dtype takes f32, f16 or q8, and says so") {
  CLI::App app;
  ModelOptions options;
  add_model_flags(app, options);
  app.parse("--model nano --dtype q8");
  CHECK(options.graph.weights == WeightStorage::q8);
  CHECK_THROWS_WITH(app.parse("--model nano --dtype q4"),
                    Catch::Contains("choose f32, f16 or q8") && Catch::Contains("q4"));
}
