#include "native/runtime/runtime.h"

#include <array>
#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/native/tiny_onnx.h"

namespace {

using masklet::DType;
using masklet::ErrorCode;
using masklet::Network;
using masklet::NetworkId;
using masklet::RunNetwork;
using masklet::Shape;
using masklet::Tensor;
using masklet::TensorHandle;
using masklet::native::OrtRuntime;
using masklet::native::RuntimeOptions;
using masklet::test::TinyOnnx;

constexpr NetworkId kEncoder = NetworkId::image_encoder;
constexpr NetworkId kDecoder = NetworkId::mask_decoder;

OrtRuntime make_runtime(RuntimeOptions options = {}) {
  auto runtime = OrtRuntime::create(options);
  if (!runtime) FAIL(runtime.error().message);
  return std::move(*runtime);
}

void require_ok(const masklet::Status& status) {
  if (!status) FAIL(status.error().message);
}

std::vector<Tensor> require_run(OrtRuntime& runtime, const RunNetwork& step) {
  auto outputs = runtime.run(step);
  if (!outputs) FAIL(outputs.error().message);
  return std::move(*outputs);
}

std::vector<float> values(const Tensor& tensor) {
  return {tensor.f32().begin(), tensor.f32().end()};
}

bool mentions(const masklet::Error& error, const std::string& text) {
  INFO(error.message);
  const bool found = error.message.find(text) != std::string::npos;
  CHECK(found);
  return found;
}

// y_nc = x_nc * scale_c + offset_c, rows are dynamic, both weights external.
Network affine(NetworkId id) {
  return TinyOnnx()
      .input("x_nc", {-1, 2})
      .weight("scale_c", {2}, std::vector<float>{2, 3})
      .weight("offset_c", {2}, std::vector<float>{10, 20})
      .node("Mul", {"x_nc", "scale_c"}, "scaled_nc")
      .node("Add", {"scaled_nc", "offset_c"}, "y_nc")
      .output("y_nc", {-1, 2})
      .output("scaled_nc", {-1, 2})
      .network(id);
}

// An n x n outer product, then its square: two tensors of 4 n^2 bytes live at once.
Network outer_product(NetworkId id) {
  return TinyOnnx()
      .input("x_n1", {-1, 1})
      .input("x_1n", {1, -1})
      .node("MatMul", {"x_n1", "x_1n"}, "outer_nn")
      .node("MatMul", {"outer_nn", "outer_nn"}, "square_nn")
      .node("ReduceSum", {"square_nn"}, "sum")
      .output("sum", {1, 1})
      .network(id);
}

// Outputs by name and handle; 0 returns the tensor. Their shapes are core's business.
std::vector<masklet::NetworkOutput> outputs_of(
    std::initializer_list<std::pair<std::string_view, TensorHandle>> outputs) {
  std::vector<masklet::NetworkOutput> made;
  for (const auto& [name, handle] : outputs) made.push_back({name, {}, handle});
  return made;
}

RunNetwork make_step(NetworkId id, std::vector<masklet::NetworkInput> inputs,
                     std::initializer_list<std::pair<std::string_view, TensorHandle>> outputs) {
  return {id, std::move(inputs), outputs_of(outputs), {}};
}

RunNetwork outer_step(std::int64_t n) {
  const std::vector<float> ones(static_cast<std::size_t>(n), 1.0f);
  return make_step(kEncoder, {{"x_n1", Tensor::from({n, 1}, ones)}, {"x_1n", Tensor::from({1, n}, ones)}},
                   {{"sum", 0}});
}

/// y_n = x_n w_nn, whose weights are 4 MB.
Network large_product() {
  return TinyOnnx()
      .input("x_n", {1, 1000})
      .weight("w_nn", {1000, 1000}, std::vector<float>(1'000'000, 1.0f))
      .node("MatMul", {"x_n", "w_nn"}, "y_n")
      .output("y_n", {1, 1000})
      .network(kEncoder);
}

RunNetwork affine_step(NetworkId id, Shape shape, const std::vector<float>& x) {
  return make_step(id, {{"x_nc", Tensor::from(std::move(shape), x)}}, {{"y_nc", 0}});
}

}  // namespace

TEST_CASE("a network runs with weights from memory, its buffers freed after loading") {
  OrtRuntime runtime = make_runtime();
  {
    Network network = affine(kEncoder);
    require_ok(runtime.load(network));
    CHECK(runtime.weight_bytes() == network.onnx.size() + network.weights.size());
    std::fill(network.weights.begin(), network.weights.end(), std::byte{0xff});
    std::fill(network.onnx.begin(), network.onnx.end(), std::byte{0xff});
  }
  const auto outputs = require_run(runtime, affine_step(kEncoder, {2, 2}, {1, 2, 3, 4}));
  REQUIRE(outputs.size() == 1);
  CHECK(outputs[0].dtype == DType::f32);
  CHECK(outputs[0].shape == Shape{2, 2});
  CHECK(values(outputs[0]) == std::vector<float>{12, 26, 16, 32});
}

TEST_CASE("weights that are not packed fit where the packed copy does not, and give the same numbers") {
  RuntimeOptions options;
  options.pack_weights = false;
  options.memory_limit_bytes = 6 << 20;
  OrtRuntime runtime = make_runtime(options);
  require_ok(runtime.load(large_product()));
  CHECK(runtime.memory_use().in_use_bytes >= 4'000'000);
  CHECK(runtime.memory_use().in_use_bytes < 5'000'000);
  const std::vector<float> ones(1000, 1.0f);
  const auto outputs =
      require_run(runtime, make_step(kEncoder, {{"x_n", Tensor::from({1, 1000}, ones)}}, {{"y_n", 0}}));
  CHECK(values(outputs[0]) == std::vector<float>(1000, 1000.0f));
}

TEST_CASE("outputs come back in the step's order") {
  OrtRuntime runtime = make_runtime();
  require_ok(runtime.load(affine(kEncoder)));
  RunNetwork step = affine_step(kEncoder, {1, 2}, {1, 1});
  step.outputs = outputs_of({{"scaled_nc", 0}, {"y_nc", 0}});
  const auto outputs = require_run(runtime, step);
  REQUIRE(outputs.size() == 2);
  CHECK(values(outputs[0]) == std::vector<float>{2, 3});
  CHECK(values(outputs[1]) == std::vector<float>{12, 23});
}

TEST_CASE("kept tensors feed another network, survive their maker and are released") {
  OrtRuntime runtime = make_runtime();
  require_ok(runtime.load(affine(kEncoder)));
  require_ok(runtime.load(affine(kDecoder)));
  RunNetwork encode = affine_step(kEncoder, {1, 2}, {1, 2});
  encode.outputs = outputs_of({{"scaled_nc", 7}, {"y_nc", 8}});
  CHECK(require_run(runtime, encode).empty());
  CHECK(runtime.kept_bytes() == 16);
  require_ok(runtime.unload(kEncoder));
  CHECK(!runtime.loaded(kEncoder));

  RunNetwork decode = make_step(kDecoder, {{"x_nc", TensorHandle{8}}}, {{"y_nc", 0}});
  CHECK(values(require_run(runtime, decode)[0]) == std::vector<float>{34, 98});
  auto kept = runtime.read_kept(7);
  REQUIRE(kept);
  CHECK(values(*kept) == std::vector<float>{2, 6});

  runtime.release(std::vector<TensorHandle>{8, 99});
  CHECK(runtime.kept_bytes() == 8);
  const auto released = runtime.run(decode);
  REQUIRE(!released);
  CHECK(released.error().code == ErrorCode::invalid_argument);
  mentions(released.error(), "handle 8");
  mentions(released.error(), "mask_decoder");
  CHECK(!runtime.read_kept(8));

  decode.inputs[0].value = TensorHandle{7};
  CHECK(values(require_run(runtime, decode)[0]) == std::vector<float>{14, 38});
  decode.release = {7};
  CHECK(!runtime.run(decode));
  CHECK(runtime.kept_bytes() == 0);
}

TEST_CASE("a handle kept again holds the newer tensor") {
  OrtRuntime runtime = make_runtime();
  require_ok(runtime.load(affine(kEncoder)));
  for (float x : {1.0f, 5.0f}) {
    RunNetwork step = affine_step(kEncoder, {1, 2}, {x, x});
    step.outputs = outputs_of({{"scaled_nc", 3}});
    require_run(runtime, step);
  }
  CHECK(runtime.kept_bytes() == 8);
  CHECK(values(*runtime.read_kept(3)) == std::vector<float>{10, 15});
}

TEST_CASE("a kept output does not alias the input that it equals") {
  OrtRuntime runtime = make_runtime();
  require_ok(runtime.load(TinyOnnx()
                              .input("x_n", {-1})
                              .input("shape", {1}, DType::i64)
                              .node("Reshape", {"x_n", "shape"}, "reshaped_n")
                              .node("Identity", {"x_n"}, "same_n")
                              .output("reshaped_n", {-1})
                              .output("same_n", {-1})
                              .network(kEncoder)));
  {
    Tensor shape(DType::i64, {1});
    shape.as<std::int64_t>()[0] = -1;
    RunNetwork step =
        make_step(kEncoder, {{"x_n", Tensor::from({3}, std::vector<float>{1, 2, 3})}, {"shape", shape}},
                  {{"reshaped_n", 1}, {"same_n", 2}});
    require_run(runtime, step);
    for (float& x : std::get<Tensor>(step.inputs[0].value).f32()) x = -1;
  }
  CHECK(values(*runtime.read_kept(1)) == std::vector<float>{1, 2, 3});
  CHECK(values(*runtime.read_kept(2)) == std::vector<float>{1, 2, 3});
}

TEST_CASE("inputs and outputs of size zero") {
  OrtRuntime runtime = make_runtime();
  require_ok(runtime.load(affine(kEncoder)));
  RunNetwork step = affine_step(kEncoder, {0, 2}, {});
  step.outputs = outputs_of({{"y_nc", 0}, {"scaled_nc", 1}});
  const auto outputs = require_run(runtime, step);
  REQUIRE(outputs.size() == 1);
  CHECK(outputs[0].shape == Shape{0, 2});
  CHECK(outputs[0].bytes.empty());
  CHECK(runtime.kept_bytes() == 0);
  const RunNetwork again = make_step(kEncoder, {{"x_nc", TensorHandle{1}}}, {{"y_nc", 0}});
  CHECK(require_run(runtime, again)[0].shape == Shape{0, 2});
}

TEST_CASE("every exchanged element type goes in and comes out") {
  OrtRuntime runtime = make_runtime();
  for (DType dtype : {DType::f32, DType::u8, DType::i64, DType::i32, DType::i8, DType::f16, DType::boolean}) {
    INFO(masklet::dtype_name(dtype));
    require_ok(runtime.load(TinyOnnx()
                                .input("x_n", {-1}, dtype)
                                .node("Identity", {"x_n"}, "y_n")
                                .output("y_n", {-1}, dtype)
                                .network(kEncoder)));
    Tensor tensor(dtype, {5});
    for (std::size_t i = 0; i < tensor.bytes.size(); ++i) tensor.bytes[i] = static_cast<std::byte>(i % 2);
    const auto outputs = require_run(runtime, make_step(kEncoder, {{"x_n", tensor}}, {{"y_n", 0}}));
    REQUIRE(outputs.size() == 1);
    CHECK(outputs[0].dtype == dtype);
    CHECK(outputs[0].bytes == tensor.bytes);
    require_ok(runtime.unload(kEncoder));
  }
}

TEST_CASE("a step that the network cannot take is one clear error, and the next step runs") {
  OrtRuntime runtime = make_runtime();
  require_ok(runtime.load(affine(kEncoder)));
  const auto refused = [&](const RunNetwork& step, ErrorCode code) {
    auto outputs = runtime.run(step);
    REQUIRE(!outputs);
    CHECK(outputs.error().code == code);
    mentions(outputs.error(), std::string(masklet::network_name(step.network)));
    CHECK(values(require_run(runtime, affine_step(kEncoder, {1, 2}, {0, 0}))[0]) ==
          std::vector<float>{10, 20});
    return outputs.error();
  };

  mentions(refused(affine_step(kEncoder, {1, 3}, {1, 2, 3}), ErrorCode::runtime_failed), "x_nc");
  mentions(refused(affine_step(kEncoder, {2}, {1, 2}), ErrorCode::runtime_failed), "x_nc");
  mentions(refused(affine_step(kDecoder, {1, 2}, {1, 2}), ErrorCode::invalid_state), "not loaded");

  RunNetwork step = affine_step(kEncoder, {1, 2}, {1, 2});
  step.inputs[0].name = "z_nc";
  mentions(refused(step, ErrorCode::runtime_failed), "z_nc");
  step = affine_step(kEncoder, {1, 2}, {1, 2});
  step.outputs = outputs_of({{"y_nc", 5}, {"z_nc", 6}});
  mentions(refused(step, ErrorCode::runtime_failed), "z_nc");
  CHECK(runtime.kept_bytes() == 0);
  step = affine_step(kEncoder, {1, 2}, {1, 2});
  step.inputs.clear();
  mentions(refused(step, ErrorCode::runtime_failed), "x_nc");
  step = affine_step(kEncoder, {1, 2}, {1, 2});
  std::get<Tensor>(step.inputs[0].value).dtype = DType::i32;
  mentions(refused(step, ErrorCode::runtime_failed), "int32");
  step.inputs[0].value = Tensor::from({1, 2}, std::vector<float>{1, 2});
  std::get<Tensor>(step.inputs[0].value).bytes.resize(4);
  mentions(refused(step, ErrorCode::invalid_argument), "4 bytes");
  step.inputs[0].value = Tensor::from({1, 2}, std::vector<float>{1, 2});
  std::get<Tensor>(step.inputs[0].value).shape = {-1, -2};
  mentions(refused(step, ErrorCode::invalid_argument), "[-1, -2]");
}

TEST_CASE("a network that cannot be loaded is one clear error, and the runtime stays usable") {
  OrtRuntime runtime = make_runtime();
  require_ok(runtime.load(affine(kEncoder)));

  Network short_weights = affine(kDecoder);
  short_weights.weights.resize(short_weights.weights.size() - 1);
  Network no_weights = affine(kDecoder);
  no_weights.weights.clear();
  Network garbage{kDecoder, std::vector<std::byte>(1000, std::byte{0xa5}), {}};
  Network empty{kDecoder, {}, {}};
  Network cut = affine(kDecoder);
  cut.onnx.resize(cut.onnx.size() / 2);
  for (const Network& network : {short_weights, no_weights, garbage, empty, cut}) {
    const auto status = runtime.load(network);
    REQUIRE(!status);
    CHECK(status.error().code == ErrorCode::runtime_failed);
    mentions(status.error(), "mask_decoder");
    CHECK(!runtime.loaded(kDecoder));
  }

  const auto twice = runtime.load(affine(kEncoder));
  REQUIRE(!twice);
  CHECK(twice.error().code == ErrorCode::invalid_state);
  CHECK(!runtime.unload(kDecoder));
  require_ok(runtime.load(affine(kDecoder)));
  CHECK(values(require_run(runtime, affine_step(kDecoder, {1, 2}, {1, 1}))[0]) == std::vector<float>{12, 23});
  require_ok(runtime.unload(kEncoder));
  require_ok(runtime.load(affine(kEncoder)));
}

TEST_CASE("options out of range are refused") {
  RuntimeOptions options;
  options.threads = -1;
  const auto runtime = OrtRuntime::create(options);
  REQUIRE(!runtime);
  CHECK(runtime.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a run over the memory limit is out_of_memory, and smaller ones still run") {
  RuntimeOptions options;
  options.memory_limit_bytes = 32 << 20;
  OrtRuntime runtime = make_runtime(options);
  require_ok(runtime.load(outer_product(kEncoder)));
  const std::size_t loaded_bytes = runtime.memory_use().in_use_bytes;
  CHECK(require_run(runtime, outer_step(512))[0].f32()[0] == 512.0f * 512 * 512);
  for (int i = 0; i < 3; ++i) {
    const auto refused = runtime.run(outer_step(2500));  // 25 MB twice
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::out_of_memory);
    mentions(refused.error(), "image_encoder");
    mentions(refused.error(), std::to_string(4 * 2500 * 2500));
    mentions(refused.error(), std::to_string(options.memory_limit_bytes));
    CHECK(require_run(runtime, outer_step(1500 + 100 * i))[0].f32()[0] > 0);
    CHECK(runtime.memory_use().in_use_bytes == loaded_bytes);
  }
  CHECK(runtime.memory_use().peak_bytes > 2 * 4 * 1700 * 1700);
  CHECK(runtime.memory_use().peak_bytes <= options.memory_limit_bytes);
}

TEST_CASE("kept tensors count towards the memory limit and releasing them makes room") {
  RuntimeOptions options;
  options.memory_limit_bytes = 8 << 20;
  OrtRuntime runtime = make_runtime(options);
  require_ok(runtime.load(affine(kEncoder)));
  const std::int64_t rows = 1 << 18;  // 2 MB a tensor
  RunNetwork step = affine_step(kEncoder, {rows, 2}, std::vector<float>(2 * rows, 1.0f));
  std::vector<TensorHandle> handles;
  masklet::Result<std::vector<Tensor>> outputs = std::vector<Tensor>{};
  while (outputs.ok() && handles.size() < 100) {
    handles.push_back(static_cast<TensorHandle>(handles.size() + 1));
    step.outputs = outputs_of({{"scaled_nc", handles.back()}});
    outputs = runtime.run(step);
  }
  REQUIRE(!outputs);
  CHECK(outputs.error().code == ErrorCode::out_of_memory);
  CHECK(handles.size() > 2);
  CHECK(runtime.kept_bytes() == (handles.size() - 1) * (2u << 20));
  CHECK(runtime.memory_use().in_use_bytes > runtime.kept_bytes());
  runtime.release(handles);
  CHECK(runtime.kept_bytes() == 0);
  require_run(runtime, step);
}

TEST_CASE("weights that do not fit under the memory limit are refused, naming both") {
  RuntimeOptions options;
  options.memory_limit_bytes = 1 << 20;
  OrtRuntime runtime = make_runtime(options);
  const std::vector<float> large(150'000, 1.0f);
  const Network network = TinyOnnx()
                              .input("x_n", {-1})
                              .weight("w_n", {150'000}, large)
                              .node("Add", {"x_n", "w_n"}, "y_n")
                              .output("y_n", {-1})
                              .network(kEncoder);
  require_ok(runtime.load(network));
  Network second = network;
  second.id = kDecoder;
  const auto refused = runtime.load(second);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::out_of_memory);
  mentions(refused.error(), std::to_string(options.memory_limit_bytes));
  mentions(refused.error(), std::to_string(network.weights.size()));
  require_ok(runtime.unload(kEncoder));
  require_ok(runtime.load(second));
}

TEST_CASE("memory that runs out while a network loads is an error and leaves nothing behind") {
  // The weights fit, but not together with the copy that is packed for the kernel.
  const Network network = large_product();
  RuntimeOptions options;
  options.memory_limit_bytes = 6 << 20;
  OrtRuntime runtime = make_runtime(options);
  const auto refused = runtime.load(network);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::out_of_memory);
  mentions(refused.error(), "image_encoder");
  mentions(refused.error(), std::to_string(options.memory_limit_bytes));
  CHECK(!runtime.loaded(kEncoder));
  CHECK(runtime.memory_use().in_use_bytes == 0);
  require_ok(runtime.load(affine(kEncoder)));
  require_run(runtime, affine_step(kEncoder, {1, 2}, {1, 1}));

  OrtRuntime roomy = make_runtime();
  require_ok(roomy.load(network));
  CHECK(roomy.memory_use().in_use_bytes >= network.weights.size());
  require_ok(roomy.unload(kEncoder));
  CHECK(roomy.memory_use().in_use_bytes == 0);
}

TEST_CASE("runtimes of one process have limits of their own") {
  RuntimeOptions small;
  small.memory_limit_bytes = 8 << 20;
  OrtRuntime limited = make_runtime(small);
  OrtRuntime unlimited = make_runtime();
  require_ok(limited.load(outer_product(kEncoder)));
  require_ok(unlimited.load(outer_product(kEncoder)));
  CHECK(!limited.run(outer_step(2000)));
  CHECK(require_run(unlimited, outer_step(2000))[0].f32()[0] > 0);
  CHECK(!limited.run(outer_step(2000)));
  CHECK(limited.memory_use().peak_bytes <= small.memory_limit_bytes);
  CHECK(unlimited.memory_use().peak_bytes > 2 * 4 * 2000 * 2000);
}

TEST_CASE("runtimes of several threads load and run at once") {
  std::vector<std::thread> threads;
  std::array<bool, 4> right{};
  for (std::size_t i = 0; i < right.size(); ++i)
    threads.emplace_back([&right, i] {
      RuntimeOptions options;
      options.threads = 2;
      for (int round = 0; round < 5; ++round) {
        auto runtime = OrtRuntime::create(options);
        if (!runtime || !runtime->load(affine(kEncoder))) return;
        const auto outputs = runtime->run(affine_step(kEncoder, {1, 2}, {1, 1}));
        if (!outputs || values((*outputs)[0]) != std::vector<float>{12, 23}) return;
      }
      right[i] = true;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == std::array<bool, 4>{true, true, true, true});
}
