#include <catch2/catch.hpp>
#include <cmath>

#include "core/weights/convert.h"
#include "core/weights/quantised.h"
#include "weights_files.h"

using namespace masklet;
using namespace masklet::weights_test;
using Catch::Contains;
using Catch::StartsWith;

namespace {

std::string file_of(const std::vector<NamedTensor>& tensors) {
  std::string file;
  const Status status = write_safetensors(tensors, {}, [&](std::span<const std::byte> bytes) {
    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Status();
  });
  REQUIRE(outcome(status) == "ok");
  return file;
}

/// A matrix whose rows differ in magnitude by a factor of ten each; row 2 is zero.
Tensor matrix() {
  Tensor tensor(DType::f32, {4, 256});
  for (int row = 0; row < 4; ++row) {
    for (int i = 0; i < 256; ++i)
      tensor.f32()[row * 256 + i] =
          row == 2 ? 0.0f : std::pow(10.0f, static_cast<float>(-row)) * std::sin(0.1f * i + row);
  }
  return tensor;
}

struct Converted {
  std::string file;
  std::string outcome;
};

Converted convert(const std::string& file, WeightStorage storage) {
  auto checkpoint = open_bytes(file);
  REQUIRE(outcome(checkpoint) == "ok");
  Converted converted;
  const std::vector<TensorInfo> tensors = (*checkpoint)->tensors();
  converted.outcome =
      outcome(write_converted(**checkpoint, tensors, storage, {}, [&](std::span<const std::byte> bytes) {
        converted.file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return Status();
      }));
  return converted;
}

std::string sample() {
  return file_of({{"m.weight", matrix()},
                  {"m.bias", Tensor::from({3}, kBias)},
                  {"pos", Tensor(DType::f32, {1, 32, 64})}});
}

}  // namespace

TEST_CASE("q8 keeps each channel within half a step of its scale and hides the scales") {
  const Converted converted = convert(sample(), WeightStorage::q8);
  REQUIRE(converted.outcome == "ok");
  auto checkpoint = open_bytes(converted.file);
  REQUIRE(outcome(checkpoint) == "ok");
  REQUIRE((*checkpoint)->tensors().size() == 3);
  CHECK(*(*checkpoint)->find("m.weight") == TensorInfo{"m.weight", DType::i8, {4, 256}});
  CHECK((*checkpoint)->find("m.weight.q8_scale") == nullptr);
  CHECK((*checkpoint)->find("pos")->dtype == DType::f32);  // one channel: a position embedding, no matrix
  CHECK(values(**checkpoint, "m.bias") == kBias);
  CHECK((*checkpoint)->read("m.weight")->dtype == DType::i8);

  const Tensor original = matrix();
  const Floats read = values(**checkpoint, "m.weight");
  REQUIRE(read.size() == 1024);
  for (int row = 0; row < 4; ++row) {
    float largest = 0;
    for (int i = 0; i < 256; ++i) largest = std::max(largest, std::fabs(original.f32()[row * 256 + i]));
    for (int i = 0; i < 256; ++i)
      REQUIRE(std::fabs(read[row * 256 + i] - original.f32()[row * 256 + i]) <= 0.501f * largest / 127.0f);
  }
}

TEST_CASE("q8 of q8 changes nothing") {
  const Converted once = convert(sample(), WeightStorage::q8);
  const Converted twice = convert(once.file, WeightStorage::q8);
  REQUIRE(twice.outcome == "ok");
  auto a = open_bytes(once.file), b = open_bytes(twice.file);
  CHECK((*a)->read("m.weight")->bytes == (*b)->read("m.weight")->bytes);
}

TEST_CASE("f16 halves the file and keeps what halves can hold") {
  const Converted wide = convert(sample(), WeightStorage::f32), half = convert(sample(), WeightStorage::f16);
  REQUIRE(half.outcome == "ok");
  CHECK(half.file.size() < wide.file.size() * 51 / 100 + 200);
  auto checkpoint = open_bytes(half.file);
  CHECK((*checkpoint)->find("m.weight")->dtype == DType::f16);
  CHECK(values(**checkpoint, "m.bias") == kBias);
  const Converted large = convert(file_of({{"t", Tensor::from({2}, Floats{1, -70000})}}), WeightStorage::f16);
  CHECK_THAT(large.outcome, StartsWith("weights_mismatch: ") && Contains("'t'") && Contains("-70000"));
}

TEST_CASE("f32 storage is exact, whatever the source's type") {
  const Converted converted = convert(file_bytes(fixture_path("every_dtype.pt")), WeightStorage::f32);
  REQUIRE(converted.outcome == "ok");
  auto checkpoint = open_bytes(converted.file);
  CHECK((*checkpoint)->find("bfloat16")->dtype == DType::f32);
  CHECK(values(**checkpoint, "bfloat16") == Floats{0, 1, 3, 100});
}

TEST_CASE("weights that are not finite are not converted") {
  CHECK_THAT(convert(file_bytes(fixture_path("not_finite.pt")), WeightStorage::q8).outcome,
             StartsWith("weights_mismatch: ") && Contains("'weight'"));
}

TEST_CASE("scales that fit no tensor are refused") {
  const Tensor scale(DType::f32, {4});
  CHECK_THAT(outcome(open_bytes(file_of({{"t.q8_scale", scale}}))),
             StartsWith("weights_mismatch: ") && Contains("'t'"));
  CHECK_THAT(outcome(open_bytes(file_of({{"t", Tensor(DType::i8, {3, 2})}, {"t.q8_scale", scale}}))),
             StartsWith("weights_mismatch: "));
  CHECK_THAT(outcome(open_bytes(file_of({{"t", Tensor(DType::f32, {4, 2})}, {"t.q8_scale", scale}}))),
             StartsWith("weights_mismatch: "));
}

TEST_CASE("a scale of NaN is named with its tensor") {
  Tensor scale = Tensor::from({2}, Floats{1.0f, std::nanf("")});
  auto checkpoint = open_bytes(file_of({{"t", Tensor(DType::i8, {2, 2})}, {"t.q8_scale", scale}}));
  REQUIRE(outcome(checkpoint) == "ok");
  CHECK_THAT(outcome((*checkpoint)->read_f32("t")),
             StartsWith("weights_mismatch: ") && Contains("t.q8_scale"));
}

TEST_CASE("storage names are checked") {
  CHECK(*parse_weight_storage("q8") == WeightStorage::q8);
  CHECK_THAT(outcome(parse_weight_storage("int4")),
             StartsWith("invalid_argument: ") && Contains("'int4'") && Contains("q8"));
}
