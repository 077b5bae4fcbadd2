#include "core/budget/plan.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/budget/network_prices.h"
#include "core/graph/networks.h"
#include "core/model/model_tensors.h"
#include "core/model/recognise.h"
#include "tests/core/small_model.h"

using namespace masklet;

namespace {

constexpr std::uint64_t kMiB = 1 << 20;

PlanRequest request_for(const Architecture& architecture) {
  PlanRequest request;
  request.architecture = architecture;
  request.host.program_bytes = 60 * kMiB;
  request.host.decoder_pictures = 6;
  request.clip_width = 1280;
  request.clip_height = 720;
  request.objects = 2;
  request.asked = {4, 256, 16, 1, 32, architecture.num_maskmem, architecture.image_size};
  return request;
}

PlanRequest tiny_request() { return request_for(published_models()[0].architecture); }

Plan require_plan(const PlanRequest& request) {
  const auto plan = make_plan(request);
  if (!plan) FAIL(plan.error().message);
  return *plan;
}

/// Every tensor of an architecture, of zeros.
class ZeroCheckpoint final : public Checkpoint {
 public:
  explicit ZeroCheckpoint(const Architecture& a) : tensors_(expected_tensors(a)) {}
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }

 private:
  Result<Tensor> read_at(std::size_t index) override { return Tensor(DType::f32, tensors_[index].shape); }
  std::vector<TensorInfo> tensors_;
};

}  // namespace

TEST_CASE("Without a limit everything is as asked for") {
  const PlanRequest request = tiny_request();
  const Plan plan = require_plan(request);
  CHECK(plan.settings == request.asked);
  CHECK(plan.steps.empty());
  CHECK(plan.warning.empty());
  std::uint64_t sum = 0;
  for (std::uint64_t bytes : plan.price.categories) sum += bytes;
  CHECK(plan.price.total_bytes == sum);
  CHECK(plan.least_bytes < plan.price.total_bytes);
}

TEST_CASE("Frames that are scaled down are priced as they are read and as they are tracked, and the plan says so") {
  PlanRequest request = tiny_request();
  const std::uint64_t small = require_plan(request).price[MemoryCategory::frames];
  std::swap(request.clip_width, request.read_width);
  std::swap(request.clip_height, request.read_height);
  request.clip_width = request.read_width / 2;
  request.clip_height = request.read_height / 2;
  const Plan plan = require_plan(request);
  CHECK(plan.scaling == "frames are scaled down from 1280 x 720 to 640 x 360 pixels");
  // The scaled picture and the rows between the resize's passes; nothing else grows.
  const std::uint64_t more = plan.price[MemoryCategory::frames] - small;
  CHECK(more >= 3 * 640 * 360);
  CHECK(more < 3 * 640 * 360 + kMiB / 4);
  CHECK(plan_json(plan).find(plan.scaling) != std::string::npos);
}

TEST_CASE("Masks on their way to the caller are priced, an object's and the labels of each frame") {
  PlanRequest request = tiny_request();
  const std::uint64_t pixels = 1280 * 720;
  const std::uint64_t none = require_plan(request).price[MemoryCategory::results];
  request.host.results_under_way = 2;
  CHECK(require_plan(request).price[MemoryCategory::results] == none + 2 * 2 * pixels);
  request.labels = true;
  const std::uint64_t labelled = require_plan(request).price[MemoryCategory::results];
  request.host.results_under_way = 0;
  CHECK(labelled == require_plan(request).price[MemoryCategory::results] + 2 * 3 * pixels);
}

TEST_CASE("The price of weights kept as f16 or q8 is what the graphs hold") {
  Architecture tiny = published_models()[0].architecture;
  tiny.image_size = 256;
  ZeroCheckpoint checkpoint(tiny);
  for (const WeightStorage weights : {WeightStorage::f16, WeightStorage::q8}) {
    for (int i = 0; i < kNetworkCount; ++i) {
      const auto id = static_cast<NetworkId>(i);
      GraphOptions options;
      options.weights = weights;
      const auto network = build_network(id, tiny, checkpoint, options);
      REQUIRE(network.ok());
      INFO(network_name(id) << " as " << weight_storage_name(weights) << " holds " << network->weights.size());
      const auto price = static_cast<double>(network_weight_bytes(id, tiny, weights));
      const auto held = static_cast<double>(network->weights.size() + network->onnx.size());
      CHECK(price > 0.93 * held - 256 * 1024);
      CHECK(price < 1.07 * held + 256 * 1024);
    }
  }
}

TEST_CASE("The price of weights is what the graphs hold") {
  Architecture tiny = published_models()[0].architecture;
  tiny.image_size = 256;
  for (const Architecture& a : {tracking_test::small_architecture(), tiny}) {
    ZeroCheckpoint checkpoint(a);
    for (int i = 0; i < kNetworkCount; ++i) {
      const auto id = static_cast<NetworkId>(i);
      const auto network = build_network(id, a, checkpoint, {});
      REQUIRE(network.ok());
      INFO(network_name(id) << " holds " << network->weights.size());
      const auto price = static_cast<double>(network_weight_bytes(id, a, WeightStorage::f32));
      const auto held = static_cast<double>(network->weights.size() + network->onnx.size());
      CHECK(price > 0.95 * held - 64 * 1024);
      CHECK(price < 1.05 * held + 64 * 1024);
    }
  }
}

TEST_CASE("Every plan is within its limit, keeps the masks and leaves the rest to the runtime") {
  PlanRequest request = tiny_request();
  const std::uint64_t most = require_plan(request).price.total_bytes, least = require_plan(request).least_bytes;
  for (std::uint64_t limit = most + kMiB; limit >= least; limit -= kMiB) {
    request.limit_bytes = limit;
    const Plan plan = require_plan(request);
    CHECK(plan.price.total_bytes <= limit);
    CHECK(plan.settings.memories == request.asked.memories);
    CHECK(plan.settings.input_size == request.asked.input_size);
    const std::uint64_t runtime = plan.price[MemoryCategory::weights] + plan.price[MemoryCategory::activations] +
                                  plan.price[MemoryCategory::features];
    const std::uint64_t more = plan.most_prompted_frames - request.prompted_frames;
    CHECK(plan.runtime_bytes() >= runtime);
    CHECK(plan.price.total_bytes + (plan.runtime_bytes() - runtime) +
              more * request.objects * track_record_bytes(request.architecture) <=
          limit);
  }
}

TEST_CASE("What is given up comes back where there is room") {
  PlanRequest request = tiny_request();
  // Enough for all but the last cached frame.
  PlanSettings one_less = request.asked;
  one_less.cached_frames = 2;
  request.limit_bytes = price_of(request, one_less).total_bytes;
  const Plan plan = require_plan(request);
  CHECK(plan.settings == one_less);
  CHECK(plan.steps == std::vector<std::string>{"cached frames 4 -> 2"});
  REQUIRE_FALSE(plan.alternatives.empty());
  CHECK(plan.alternatives.front().what == "cached frames 4");
  CHECK_FALSE(plan.alternatives.front().fits);
}

TEST_CASE("One byte below the least is refused with the breakdown and what would fit") {
  PlanRequest request = tiny_request();
  request.limit_bytes = require_plan(request).least_bytes;
  CHECK(require_plan(request).price.total_bytes == request.limit_bytes);
  CHECK_FALSE(require_plan(request).warning.empty());
  request.limit_bytes -= 1;
  const auto refused = make_plan(request);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::out_of_memory);
  for (const char* part : {"the memory limit is ", "are needed at least", "program 60 MiB", "weights ", "activations ",
                           "input size to "}) {
    INFO(refused.error().message);
    CHECK(refused.error().message.find(part) != std::string::npos);
  }
}

TEST_CASE("Weights stay as they come where packing them would not fit, if the host has the choice") {
  PlanRequest request = request_for(published_models()[3].architecture);
  request.host.weights_loading = 3;
  const std::uint64_t without_choice = require_plan(request).least_bytes;
  request.host.packing = 1;
  const Plan rich = require_plan(request);
  CHECK(rich.settings.packed_weights == 1);
  CHECK(rich.least_bytes < without_choice);
  request.limit_bytes = without_choice - 1;
  const Plan plan = require_plan(request);
  CHECK(plan.settings.packed_weights == 0);
  CHECK(plan.steps == std::vector<std::string>{"weights in memory packed -> as they come"});
  CHECK(plan_text(plan).find("weights in memory  as they come\n") != std::string::npos);
}

TEST_CASE("The least is planned wherever unpacked weights are held dearer than packed ones") {
  for (const double unpacked_held : {1.0, 1.1, 1.5, 3.0}) {
    for (const int size : {64, 256, 1024}) {
      PlanRequest request = tiny_request();
      request.asked.input_size = request.architecture.image_size = size;
      request.host.weights_loading = 3;
      request.host.packing = 1;
      request.host.unpacked_held = unpacked_held;
      request.limit_bytes = require_plan(request).least_bytes;
      CHECK(require_plan(request).price.total_bytes == request.limit_bytes);
      request.limit_bytes -= 1;
      CHECK_FALSE(make_plan(request).ok());
    }
  }
}

TEST_CASE("Where degrading is allowed, memories and then the input go down, each told") {
  PlanRequest request = tiny_request();
  request.on_pressure = OnPressure::degrade;
  const std::uint64_t least = require_plan(request).least_bytes;
  request.limit_bytes = least - 1;
  const Plan plan = require_plan(request);
  CHECK(plan.price.total_bytes <= request.limit_bytes);
  CHECK((plan.settings.memories < request.asked.memories || plan.settings.input_size < request.asked.input_size));
  CHECK_FALSE(plan.steps.empty());
  request.limit_bytes = least * 2 / 3;
  const Plan smaller = require_plan(request);
  CHECK(smaller.settings.input_size < request.asked.input_size);
  CHECK(smaller.settings.input_size % 32 == 0);
  CHECK(smaller.steps.back().find("input size 1024 -> ") == 0);
  request.limit_bytes = 61 * kMiB;
  CHECK_FALSE(make_plan(request).ok());
}

TEST_CASE("A plan as JSON and as text says what it decides") {
  PlanRequest request = tiny_request();
  request.limit_bytes = require_plan(request).price.total_bytes - 1;
  const Plan plan = require_plan(request);
  const auto json = nlohmann::json::parse(plan_json(plan));
  CHECK(json["limit_bytes"] == plan.limit_bytes);
  CHECK(json["total_bytes"] == plan.price.total_bytes);
  CHECK(json["settings"]["cached_frames"] == plan.settings.cached_frames);
  CHECK(json["bytes"]["track store"] == plan.price[MemoryCategory::track_store]);
  CHECK(json["alternatives"].size() == plan.alternatives.size());
  CHECK(json["steps"].size() == plan.steps.size());
  const std::string text = plan_text(plan);
  CHECK(text.find("track store") != std::string::npos);
  CHECK(text.find("stepped down:\n  cached frames 4 -> ") != std::string::npos);
}

TEST_CASE("What to do under pressure is read from its name") {
  CHECK(*parse_on_pressure("fail") == OnPressure::fail);
  CHECK(*parse_on_pressure("degrade") == OnPressure::degrade);
  CHECK_FALSE(parse_on_pressure("panic").ok());
}
