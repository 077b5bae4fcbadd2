#include <catch2/catch.hpp>
#include <cstdio>
#include <new>
#include <set>

#include "weights_files.h"

using namespace masklet;
using namespace masklet::weights_test;
using Catch::Contains;
using Catch::StartsWith;

namespace {

std::set<std::string> names(const Checkpoint& checkpoint) {
  std::set<std::string> names;
  for (const TensorInfo& info : checkpoint.tensors()) names.insert(info.name);
  return names;
}

/// The values that `shared_storage()` in make_weights.py views.
void check_shared_views(Checkpoint& checkpoint) {
  Floats base(24);
  for (int i = 0; i < 24; ++i) base[i] = static_cast<float>(i);
  Floats transposed, permuted;
  for (int column = 0; column < 6; ++column) {
    for (int row = 0; row < 4; ++row) transposed.push_back(static_cast<float>(row * 6 + column));
  }
  for (int c = 0; c < 4; ++c) {
    for (int a = 0; a < 2; ++a) {
      for (int b = 0; b < 3; ++b) permuted.push_back(static_cast<float>(a * 12 + b * 4 + c));
    }
  }
  CHECK(values(checkpoint, "whole") == base);
  CHECK(values(checkpoint, "rows") == Floats(base.begin() + 6, base.begin() + 18));
  CHECK(checkpoint.find("transposed")->shape == Shape{6, 4});
  CHECK(values(checkpoint, "transposed") == transposed);
  CHECK(values(checkpoint, "every_other") == Floats{1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23});
  CHECK(checkpoint.find("permuted")->shape == Shape{4, 2, 3});
  CHECK(values(checkpoint, "permuted") == permuted);
  CHECK(checkpoint.find("scalar")->shape.empty());
  CHECK(values(checkpoint, "scalar") == Floats{5});
  CHECK(values(checkpoint, "expanded") == Floats{3, 3, 3, 3, 3, 3});
  CHECK(checkpoint.find("empty")->shape == Shape{0, 4});
  CHECK(checkpoint.read("empty")->bytes.empty());
  CHECK(values(checkpoint, "alone") == kWeight);
}

}  // namespace

TEST_CASE("torch checkpoints of several makers and layouts hold the same tensors") {
  const auto file =
      GENERATE(as<std::string>(), "protocol2.pt", "protocol4.pt", "protocol5.pt", "bare.pt", "any_folder.pt",
               "no_folder.pt", "zip64.pt", "newer_pytorch.pt", "parameters.pt");
  INFO(file);
  auto checkpoint = open_fixture(file);
  REQUIRE(outcome(checkpoint) == "ok");
  REQUIRE((*checkpoint)->find("weight"));
  CHECK((*checkpoint)->find("weight")->shape == Shape{2, 3});
  CHECK(values(**checkpoint, "weight") == kWeight);
  CHECK(values(**checkpoint, "bias") == kBias);
}

TEST_CASE("tensors come in the file's order") {
  auto checkpoint = open_fixture("protocol2.pt");
  REQUIRE(outcome(checkpoint) == "ok");
  REQUIRE((*checkpoint)->tensors().size() == 2);
  CHECK((*checkpoint)->tensors()[0] == TensorInfo{"weight", DType::f32, {2, 3}});
  CHECK((*checkpoint)->tensors()[1] == TensorInfo{"bias", DType::f32, {3}});
}

TEST_CASE("a trainer's checkpoint gives its state dict and tolerates the rest") {
  auto checkpoint = open_fixture("training_run.pt");
  REQUIRE(outcome(checkpoint) == "ok");
  CHECK(names(**checkpoint) == std::set<std::string>{"weight", "bias"});
  CHECK(values(**checkpoint, "weight") == kWeight);
}

TEST_CASE("tensors with attributes are tensors") {
  auto checkpoint = open_fixture("parameters.pt");
  REQUIRE(outcome(checkpoint) == "ok");
  CHECK(values(**checkpoint, "tagged") == kWeight);
}

TEST_CASE("shared storages are read through offsets and strides") {
  auto checkpoint = open_fixture("shared_storage.pt");
  REQUIRE(outcome(checkpoint) == "ok");
  check_shared_views(**checkpoint);
}

TEST_CASE("torch checkpoints from before the zip format are read too") {
  auto checkpoint = open_fixture("legacy.pt");
  REQUIRE(outcome(checkpoint) == "ok");
  check_shared_views(**checkpoint);
}

TEST_CASE("every element type of a torch checkpoint converts to f32") {
  auto checkpoint = open_fixture("every_dtype.pt");
  REQUIRE(outcome(checkpoint) == "ok");
  const std::pair<const char*, DType> dtypes[] = {
      {"float32", DType::f32}, {"float64", DType::f64}, {"float16", DType::f16}, {"bfloat16", DType::bf16},
      {"int64", DType::i64},   {"int32", DType::i32},   {"int16", DType::i16},   {"int8", DType::i8},
      {"uint8", DType::u8},    {"bool", DType::boolean}};
  for (const auto& [name, dtype] : dtypes) {
    INFO(name);
    REQUIRE((*checkpoint)->find(name));
    CHECK((*checkpoint)->find(name)->dtype == dtype);
    CHECK((*checkpoint)->read(name)->dtype == dtype);
    const float last = dtype == DType::boolean ? 1.0f : 100.0f;
    CHECK(values(**checkpoint, name) == Floats{0, 1, dtype == DType::boolean ? 1.0f : 3.0f, last});
  }
}

TEST_CASE("the half tensor of a newer PyTorch is a half tensor") {
  auto checkpoint = open_fixture("newer_pytorch.pt");
  REQUIRE(outcome(checkpoint) == "ok");
  CHECK((*checkpoint)->find("weight")->dtype == DType::f16);
}

TEST_CASE("weights that are not finite are refused, naming tensor and position") {
  auto checkpoint = open_fixture("not_finite.pt");
  REQUIRE(outcome(checkpoint) == "ok");
  CHECK_THAT(outcome((*checkpoint)->read_f32("weight")),
             StartsWith("weights_mismatch: ") && Contains("'weight'") && Contains("NaN at [1, 2]"));
  CHECK_THAT(outcome((*checkpoint)->read_f32("bias")),
             Contains("'bias'") && Contains("infinite value at [1]"));
  CHECK_THAT(outcome((*checkpoint)->read_f32("large")),
             Contains("'large'") && Contains("infinite value at [0]"));
  CHECK(outcome((*checkpoint)->read("weight")) == "ok");
}

TEST_CASE("a tensor that is not there is an error that names it") {
  auto checkpoint = open_fixture("bare.pt");
  CHECK_THAT(outcome((*checkpoint)->read("wait")), StartsWith("weights_mismatch: ") && Contains("'wait'"));
}

TEST_CASE("memory that is refused while a tensor is read is an error that names the tensor") {
  class Exhausted final : public Checkpoint {
   public:
    const std::vector<TensorInfo>& tensors() const override { return infos_; }

   protected:
    Result<Tensor> read_at(std::size_t) override { throw std::bad_alloc(); }

   private:
    std::vector<TensorInfo> infos_ = {{"b", DType::f32, {1}}, {"a", DType::f32, {1}}};
  };
  Exhausted checkpoint;
  CHECK_THAT(outcome(checkpoint.read("b")), StartsWith("out_of_memory: ") && Contains("'b'"));
  CHECK_THAT(outcome(checkpoint.read_f32("a")), StartsWith("out_of_memory: ") && Contains("'a'"));
}

TEST_CASE("a pickle with a call in it is refused and the call is not made") {
  std::remove("masklet_was_here");
  CHECK_THAT(outcome(open_fixture("calls_system.pt")),
             StartsWith("unsafe_pickle: ") && Contains("'posix.system'"));
  CHECK_THAT(outcome(open_fixture("calls_eval.pt")),
             StartsWith("unsafe_pickle: ") && Contains("'builtins.eval'"));
  CHECK_THAT(outcome(open_fixture("whole_module.pt")), StartsWith("unsafe_pickle: ") && Contains("Linear"));
  CHECK_THAT(outcome(open_fixture("numpy_scalar.pt")), StartsWith("unsafe_pickle: ") && Contains("numpy"));
  CHECK(file_bytes("masklet_was_here").empty());
}

TEST_CASE("torch files that masklet does not read say what to do") {
  CHECK_THAT(outcome(open_fixture("deflated.pt")),
             StartsWith("unsupported_file: ") && Contains("compressed") && Contains("torch.save"));
  CHECK_THAT(outcome(open_fixture("big_endian.pt")), StartsWith("unsupported_file: ") && Contains("'big'"));
  CHECK_THAT(outcome(open_fixture("complex.pt")), StartsWith("unsupported_file: ") &&
                                                      Contains("'frequencies'") &&
                                                      Contains("ComplexFloatStorage"));
  CHECK_THAT(outcome(open_fixture("no_tensors.pt")),
             StartsWith("unsupported_file: ") && Contains("'optimizer'"));
  CHECK_THAT(outcome(open_fixture("torchscript.pt")),
             StartsWith("unsupported_file: ") && Contains("TorchScript"));
  CHECK_THAT(outcome(open_fixture("twice.pt")), StartsWith("corrupt_file: ") && Contains("'weight'"));
  CHECK_THAT(outcome(open_bytes(StoredZip().add("word/document.xml", "x").bytes())),
             StartsWith("unsupported_file: ") && Contains("data.pkl"));
}

TEST_CASE("every prefix of a checkpoint is an error") {
  const auto file = GENERATE(as<std::string>(), "protocol2.pt", "protocol4.pt", "zip64.pt",
                             "newer_pytorch.pt", "legacy.pt", "plain.safetensors", "every_dtype.safetensors");
  const std::string whole = file_bytes(fixture_path(file));
  REQUIRE(!whole.empty());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto checkpoint = open_bytes(std::string_view(whole).substr(0, size));
    if (checkpoint.ok() || outcome(checkpoint).rfind("corrupt_file: ", 0) != 0) {
      // What is left of the older format's first bytes could be anything.
      CAPTURE(file, size, outcome(checkpoint));
      CHECK((file == "legacy.pt" && size < 14 && !checkpoint.ok()));
    }
  }
}

TEST_CASE("no damage to one byte of a checkpoint is more than an error") {
  const auto file = GENERATE(as<std::string>(), "shared_storage.pt", "parameters.pt", "zip64.pt",
                             "newer_pytorch.pt", "legacy.pt", "every_dtype.safetensors");
  const std::string whole = file_bytes(fixture_path(file));
  REQUIRE(!whole.empty());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      auto checkpoint = open_bytes(damaged);
      if (!checkpoint) continue;
      for (const TensorInfo& info : (*checkpoint)->tensors())
        static_cast<void>((*checkpoint)->read(info.name).ok());
    }
  }
  SUCCEED("nothing crashed");
}
