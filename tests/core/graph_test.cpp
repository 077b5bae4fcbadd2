#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <set>

#include "core/graph/networks.h"
#include "core/graph/position.h"
#include "core/model/model_tensors.h"
#include "core/tracking/model.h"
#include "small_model.h"
#include "weights_files.h"

using namespace masklet;
using Catch::Contains;
using Catch::StartsWith;
using masklet::tracking_test::small_architecture;
using masklet::weights_test::outcome;

namespace {

using Floats = std::vector<float>;

/// Row `n` of a table [rows, columns].
Floats row(const Tensor& table, int n) {
  const auto values = table.f32().subspan(n * table.shape[1], table.shape[1]);
  return {values.begin(), values.end()};
}

void check_near(const Floats& found, const Floats& expected, float tolerance = 1e-5f) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("element " << i);
    CHECK(std::abs(found[i] - expected[i]) < tolerance);
  }
}

/// A checkpoint that invents the tensors of an architecture, and remembers which were read.
class InventedCheckpoint final : public Checkpoint {
 public:
  explicit InventedCheckpoint(const Architecture& architecture) : infos_(expected_tensors(architecture)) {}

  const std::vector<TensorInfo>& tensors() const override { return infos_; }
  void remove(const std::string& name) {
    std::erase_if(infos_, [&](const TensorInfo& info) { return info.name == name; });
  }
  void reshape(const std::string& name, Shape shape) {
    for (TensorInfo& info : infos_) {
      if (info.name == name) info.shape = shape;
    }
  }

  std::string broken;  ///< the last element of this tensor is NaN
  std::set<std::string> names_read;

 protected:
  Result<Tensor> read_at(std::size_t index) override {
    const TensorInfo& info = infos_[index];
    names_read.insert(info.name);
    Tensor tensor(DType::f32, info.shape);
    std::uint32_t state = static_cast<std::uint32_t>(index) + 1;
    for (float& value : tensor.f32()) {
      state = state * 1664525u + 1013904223u;
      value = static_cast<float>(state >> 8) / static_cast<float>(1 << 24) - 0.5f;
    }
    if (info.name == broken) tensor.f32().back() = std::numeric_limits<float>::quiet_NaN();
    return tensor;
  }

 private:
  std::vector<TensorInfo> infos_;
};

constexpr NetworkId kNetworks[] = {NetworkId::image_encoder, NetworkId::memory_attention,
                                   NetworkId::mask_decoder, NetworkId::memory_encoder};

bool mentions(const Network& network, std::string_view name) {
  const std::string_view bytes(reinterpret_cast<const char*>(network.onnx.data()), network.onnx.size());
  return bytes.find(name) != std::string_view::npos;
}

}  // namespace

TEST_CASE("sine positions: y half first, sine and cosine in turn") {
  // Two positions at half a turn and a whole one; periods 1, 1, 100, 100.
  const Tensor table = sine_position(2, 8);
  CHECK(table.shape == Shape{4, 8});
  const Floats half = {0, -1, 0.0314108f, 0.9995066f}, whole = {0, 1, 0.0627905f, 0.9980267f};
  const auto joined = [](Floats a, const Floats& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  check_near(row(table, 0), joined(half, half));
  check_near(row(table, 1), joined(half, whole));  // x runs faster than y
  check_near(row(table, 2), joined(whole, half));
  check_near(row(table, 3), joined(whole, whole));
}

TEST_CASE("axial RoPE: the first half of the pairs turns with x, the second with y") {
  // Angles of the pairs: x, x / 100, y, y / 100.
  const RopeTables tables = rope_tables(3, 8, 10000);
  CHECK(tables.cosine.shape == Shape{9, 8});
  check_near(row(tables.cosine, 0), Floats(8, 1));
  check_near(row(tables.sine, 0), Floats(8, 0));
  check_near(row(tables.sine, 1), {0.8414710f, 0.8414710f, 0.0099998f, 0.0099998f, 0, 0, 0, 0});
  check_near(row(tables.cosine, 1), {0.5403023f, 0.5403023f, 0.99995f, 0.99995f, 1, 1, 1, 1});
  check_near(
      row(tables.sine, 5),  // x 2, y 1
      {0.9092974f, 0.9092974f, 0.0199987f, 0.0199987f, 0.8414710f, 0.8414710f, 0.0099998f, 0.0099998f});
}

TEST_CASE("a quarter turn of channel pairs") {
  const Tensor weight = Tensor::from({4, 2}, Floats{1, 2, 3, 4, 5, 6, 7, 8});
  const Tensor turned = turn_pairs(weight);
  CHECK(turned.shape == weight.shape);
  CHECK(Floats(turned.f32().begin(), turned.f32().end()) == Floats{-3, -4, 1, 2, -7, -8, 5, 6});
  const Tensor bias = turn_pairs(Tensor::from({4}, Floats{1, 2, 3, 4}));
  CHECK(Floats(bias.f32().begin(), bias.f32().end()) == Floats{-2, 1, -4, 3});
}

TEST_CASE("RoPE as products with the tables turns each pair by its angle") {
  const RopeTables tables = rope_tables(3, 4, 10000);
  const Tensor y = Tensor::from({4}, Floats{0.6f, 0.8f, -1, 2});
  const Tensor turned = turn_pairs(y);
  const int n = 5;  // x 2, y 1
  for (int pair = 0; pair < 2; ++pair) {
    const double angle = pair == 0 ? 2 : 1, re = y.f32()[2 * pair], im = y.f32()[2 * pair + 1];
    const auto rope = [&](int i) {
      return y.f32()[i] * tables.cosine.f32()[4 * n + i] + turned.f32()[i] * tables.sine.f32()[4 * n + i];
    };
    CHECK(rope(2 * pair) == Approx(re * std::cos(angle) - im * std::sin(angle)));
    CHECK(rope(2 * pair + 1) == Approx(re * std::sin(angle) + im * std::cos(angle)));
  }
}

TEST_CASE("bicubic interpolation as torch's") {
  // A step of two pixels to four: weights at a quarter and three quarters with a = -0.75.
  const Floats four = {-0.10546875f, 0.2265625f, 0.7734375f, 1.10546875f};
  const Tensor wide = bicubic_tokens(Tensor::from({1, 1, 2}, Floats{0, 1}), 1, 4);
  CHECK(wide.shape == Shape{4, 1});
  check_near({wide.f32().begin(), wide.f32().end()}, four, 1e-7f);
  const Tensor high = bicubic_tokens(Tensor::from({1, 2, 1}, Floats{0, 1}), 4, 1);
  check_near({high.f32().begin(), high.f32().end()}, four, 1e-7f);
}

TEST_CASE("bicubic interpolation keeps constants, and the map itself at its own size") {
  const Tensor map = Tensor::from({2, 2, 2}, Floats{1, 2, 3, 4, 5, 6, 7, 8});
  const Tensor same = bicubic_tokens(map, 2, 2);
  CHECK(same.shape == Shape{4, 2});
  check_near({same.f32().begin(), same.f32().end()}, {1, 5, 2, 6, 3, 7, 4, 8}, 1e-7f);
  const Tensor flat = bicubic_tokens(Tensor::from({1, 2, 2}, Floats(4, 3)), 5, 3);
  check_near({flat.f32().begin(), flat.f32().end()}, Floats(15, 3), 1e-6f);
}

TEST_CASE("random Fourier positions") {
  // At x and y of -1/2 and 1/2: x / 4 + y / 2 turns.
  const Tensor grid = random_fourier_grid(Tensor::from({2, 1}, Floats{0.25f, 0.5f}), 2);
  CHECK(grid.shape == Shape{4, 2});
  const float s = std::numbers::sqrt2_v<float> / 2;
  check_near(row(grid, 0), {-s, -s});  // -3/8 turns
  check_near(row(grid, 1), {-s, s});   // -1/8
  check_near(row(grid, 2), {s, s});    // 1/8
  check_near(row(grid, 3), {s, -s});   // 3/8
}

TEST_CASE("periods of the one-dimensional sine encoding") {
  check_near(row(sine_periods(4), 0), {1, 1, 100, 100});
  check_near(row(sine_periods(1), 0), {1});
  check_near(row(sine_periods(8), 0), {1, 1, 10, 10, 100, 100, 1000, 1000}, 1e-3f);
}

TEST_CASE("every network is built, twice the same, with its inputs and outputs") {
  namespace names = tensor_names;
  const std::map<NetworkId, std::vector<std::string_view>> ports = {
      {NetworkId::image_encoder, {names::kImage, names::kVisionTokens, names::kHighRes0, names::kHighRes1}},
      {NetworkId::memory_attention,
       {names::kVisionTokens, names::kSpatialMemory, names::kTemporalRow, names::kPointers,
        names::kPointerTime, names::kConditionedTokens}},
      {NetworkId::mask_decoder,
       {names::kFeatureTokens, names::kHighRes0, names::kHighRes1, names::kNoMemory, names::kPoints,
        names::kLabels, names::kMaskPrompt, names::kHasMask, names::kMasks, names::kIous,
        names::kTokenPointers, names::kObjectScore}},
      {NetworkId::memory_encoder,
       {names::kVisionTokens, names::kMaskLogits, names::kBinarise, names::kNoObject, names::kMemory}}};
  InventedCheckpoint checkpoint(small_architecture());
  for (const NetworkId id : kNetworks) {
    INFO(network_name(id));
    const Result<Network> network = build_network(id, small_architecture(), checkpoint, {});
    REQUIRE(outcome(network) == "ok");
    CHECK(network->id == id);
    CHECK(!network->weights.empty());
    for (const std::string_view name : ports.at(id)) CHECK(mentions(*network, name));
    const Result<Network> again = build_network(id, small_architecture(), checkpoint, {});
    CHECK(again->onnx == network->onnx);
    CHECK(again->weights == network->weights);
  }
}

TEST_CASE("weights are kept as the options say, the mask decoder's never as int8") {
  InventedCheckpoint checkpoint(small_architecture());
  for (const NetworkId id : kNetworks) {
    INFO(network_name(id));
    const auto built = [&](WeightStorage weights) {
      GraphOptions options;
      options.weights = weights;
      Result<Network> network = build_network(id, small_architecture(), checkpoint, options);
      REQUIRE(outcome(network) == "ok");
      return std::move(*network);
    };
    const Network f32 = built(WeightStorage::f32), f16 = built(WeightStorage::f16), q8 = built(WeightStorage::q8);
    CHECK_FALSE(mentions(f32, "MatMulInteger"));
    CHECK(mentions(f16, "stored_"));
    CHECK_FALSE(mentions(f32, "stored_"));
    CHECK(mentions(q8, "MatMulInteger") == (id != NetworkId::mask_decoder));
    CHECK(f16.weights.size() < f32.weights.size());
    CHECK(q8.weights.size() <= f16.weights.size());
  }
}

TEST_CASE("the networks and core's constants use every tensor of the checkpoint but one") {
  InventedCheckpoint checkpoint(small_architecture());
  for (const NetworkId id : kNetworks)
    REQUIRE(outcome(build_network(id, small_architecture(), checkpoint, {})) == "ok");
  REQUIRE(outcome(load_model(small_architecture(), checkpoint)) == "ok");
  std::vector<std::string> unused;
  for (const TensorInfo& info : checkpoint.tensors()) {
    if (!checkpoint.names_read.contains(info.name)) unused.push_back(info.name);
  }
  // Only models that do not add no_mem_embed directly use it.
  CHECK(unused == std::vector<std::string>{"no_mem_pos_enc"});
}

TEST_CASE("a tensor that is missing, misshapen or not finite is named") {
  const std::pair<NetworkId, const char*> cases[] = {
      {NetworkId::image_encoder, "image_encoder.trunk.blocks.3.attn.qkv.weight"},
      {NetworkId::image_encoder, "image_encoder.trunk.pos_embed"},
      {NetworkId::image_encoder, "image_encoder.neck.convs.1.conv.bias"},
      {NetworkId::image_encoder, "sam_mask_decoder.conv_s0.weight"},
      {NetworkId::memory_attention, "memory_attention.layers.0.cross_attn_image.k_proj.weight"},
      {NetworkId::memory_attention, "maskmem_tpos_enc"},
      {NetworkId::memory_attention, "obj_ptr_tpos_proj.bias"},
      {NetworkId::mask_decoder, "sam_prompt_encoder.point_embeddings.3.weight"},
      {NetworkId::mask_decoder, "sam_mask_decoder.output_hypernetworks_mlps.2.layers.1.weight"},
      {NetworkId::mask_decoder, "no_mem_embed"},
      {NetworkId::mask_decoder, "obj_ptr_proj.layers.2.bias"},
      {NetworkId::memory_encoder, "memory_encoder.fuser.layers.1.gamma"},
      {NetworkId::memory_encoder, "no_obj_embed_spatial"},
  };
  for (const auto& [id, name] : cases) {
    INFO(name);
    InventedCheckpoint missing(small_architecture());
    missing.remove(name);
    CHECK_THAT(outcome(build_network(id, small_architecture(), missing, {})),
               StartsWith("weights_mismatch: ") && Contains(name));
    InventedCheckpoint misshapen(small_architecture());
    misshapen.reshape(name, {3, 5});
    CHECK_THAT(outcome(build_network(id, small_architecture(), misshapen, {})),
               StartsWith("weights_mismatch: ") && Contains(name) && Contains("[3, 5]"));
    InventedCheckpoint broken(small_architecture());
    broken.broken = name;
    CHECK_THAT(outcome(build_network(id, small_architecture(), broken, {})),
               StartsWith("weights_mismatch: ") && Contains(name));
  }
}

TEST_CASE("core's own constants are checked likewise") {
  for (const char* name : {"no_obj_ptr", "mask_downsample.weight", "mask_downsample.bias"}) {
    INFO(name);
    InventedCheckpoint missing(small_architecture()), misshapen(small_architecture()),
        broken(small_architecture());
    missing.remove(name);
    misshapen.reshape(name, {3, 5});
    broken.broken = name;
    CHECK_THAT(outcome(load_model(small_architecture(), missing)),
               StartsWith("weights_mismatch: ") && Contains(name));
    CHECK_THAT(outcome(load_model(small_architecture(), misshapen)),
               StartsWith("weights_mismatch: ") && Contains(name));
    CHECK_THAT(outcome(load_model(small_architecture(), broken)),
               StartsWith("weights_mismatch: ") && Contains(name));
  }
  InventedCheckpoint whole(small_architecture());
  const Result<Model> model = load_model(small_architecture(), whole);
  REQUIRE(outcome(model) == "ok");
  CHECK(model->constants.no_object_pointer.size() == 32);
  CHECK(model->constants.mask_downsample_weight.size() == 16);
}

TEST_CASE("SAM 2.0's networks do without what it lacks") {
  Architecture older = small_architecture();
  older.no_object_memory_embedding = older.pointer_time_encoding = false;
  InventedCheckpoint checkpoint(older);
  CHECK(checkpoint.find("no_obj_embed_spatial") == nullptr);
  CHECK(checkpoint.find("obj_ptr_tpos_proj.weight") == nullptr);
  for (const NetworkId id : kNetworks) {
    INFO(network_name(id));
    CHECK(outcome(build_network(id, older, checkpoint, {})) == "ok");
  }
}

TEST_CASE("graphs follow their options") {
  InventedCheckpoint checkpoint(small_architecture());
  for (const NetworkId id : kNetworks) {
    for (const int chunk : {1, 3, 5, 16, 1000}) {
      INFO(network_name(id) << " in chunks of " << chunk);
      CHECK(outcome(build_network(id, small_architecture(), checkpoint, {chunk, false})) == "ok");
    }
  }
  CHECK_THAT(
      outcome(build_network(NetworkId::memory_attention, small_architecture(), checkpoint, {0, false})),
      StartsWith("invalid_argument: ") && Contains("chunk is 0"));
  const auto bytes = build_network(NetworkId::image_encoder, small_architecture(), checkpoint, {256, false});
  const auto floats = build_network(NetworkId::image_encoder, small_architecture(), checkpoint, {256, true});
  REQUIRE(outcome(floats) == "ok");
  CHECK(floats->onnx.size() < bytes->onnx.size());  // without the cast and the division
}

TEST_CASE("an architecture that breaks a rule is refused before anything is read") {
  Architecture bad = small_architecture();
  bad.mem_dim = 12;
  InventedCheckpoint checkpoint(small_architecture());
  CHECK_THAT(outcome(build_network(NetworkId::memory_encoder, bad, checkpoint, {})),
             StartsWith("invalid_argument: ") && Contains("mem_dim is 12"));
  CHECK(checkpoint.names_read.empty());
}
