#include <catch2/catch.hpp>

#include "core/weights/safetensors_reader.h"
#include "core/weights/safetensors_writer.h"
#include "weights_files.h"

using namespace masklet;
using namespace masklet::weights_test;
using Catch::Contains;
using Catch::StartsWith;

namespace {

ByteSink into(std::string& file) {
  return [&file](std::span<const std::byte> bytes) {
    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Status();
  };
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

std::string outcome_of_header(const std::string& header, std::size_t data_bytes = 8) {
  return outcome(open_bytes(safetensors_of(header, std::string(data_bytes, '\0'))));
}

}  // namespace

TEST_CASE("a safetensors file holds the same tensors as a torch checkpoint") {
  auto checkpoint = open_fixture("plain.safetensors");
  REQUIRE(outcome(checkpoint) == "ok");
  CHECK((*checkpoint)->tensors()[0] == TensorInfo{"weight", DType::f32, {2, 3}});
  CHECK(values(**checkpoint, "weight") == kWeight);
  CHECK(values(**checkpoint, "bias") == kBias);
}

TEST_CASE("safetensors metadata is kept apart from the tensors") {
  auto file = SafetensorsFile::open(memory(file_bytes(fixture_path("plain.safetensors"))));
  REQUIRE(outcome(file) == "ok");
  CHECK((*file)->metadata() == std::map<std::string, std::string>{{"format", "pt"}});
  CHECK(outcome_of_header(R"({"__metadata__":{"a":"b","n":1,"x":null},"t":)" + entry("F32", "[2]", "[0,8]") +
                          "}") == "ok");
}

TEST_CASE("every element type of a safetensors file converts to f32, prefixes removed") {
  auto checkpoint = open_fixture("every_dtype.safetensors");
  REQUIRE(outcome(checkpoint) == "ok");
  CHECK((*checkpoint)->tensors().size() == 12);
  for (const char* name :
       {"float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8"}) {
    INFO(name);
    CHECK(values(**checkpoint, name) == Floats{0, 1, 3, 100});
  }
  CHECK(values(**checkpoint, "bool") == Floats{0, 1, 1, 1});
  CHECK((*checkpoint)->find("bool")->dtype == DType::boolean);
  CHECK(values(**checkpoint, "scalar") == Floats{-1});
  CHECK((*checkpoint)->read("empty")->bytes.empty());
}

TEST_CASE("broken safetensors headers are corrupt, naming the tensor") {
  CHECK_THAT(outcome_of_header(R"({"t":)" + entry("F32", "[2]", "[0,4]") + "}"),
             StartsWith("corrupt_file: ") && Contains("'t'") && Contains("0 to 4"));
  CHECK_THAT(outcome_of_header(R"({"t":)" + entry("F32", "[2]", "[8,0]") + "}"),
             StartsWith("corrupt_file: "));
  CHECK_THAT(outcome_of_header(R"({"t":)" + entry("F32", "[2]", "[8,16]") + "}"),
             StartsWith("corrupt_file: ") && Contains("cut short"));
  CHECK_THAT(outcome_of_header(R"({"a":)" + entry("F32", "[2]", "[0,8]") + R"(,"b":)" +
                               entry("F32", "[1]", "[4,8]") + "}"),
             StartsWith("corrupt_file: ") && Contains("overlap") && Contains("'a'") && Contains("'b'"));
  CHECK_THAT(outcome_of_header(R"({"a":)" + entry("F32", "[1]", "[0,4]") + R"(,"a":)" +
                               entry("F32", "[1]", "[4,8]") + "}"),
             StartsWith("corrupt_file: ") && Contains("two tensors"));
  CHECK_THAT(outcome_of_header(R"({"a":)" + entry("F32", "[1]", "[0,4]") + R"(,"module.a":)" +
                               entry("F32", "[1]", "[4,8]") + "}"),
             StartsWith("corrupt_file: ") && Contains("two tensors"));
  for (const std::string header :
       {R"({"t":)", R"({"t":1})", R"({"t":[1]})", R"({"t":{}})", R"({"t":{"dtype":"F32"}})", R"({"t":"F32"})",
        R"({"t":{"dtype":1,"shape":[],"data_offsets":[0,4]}})",
        R"({"t":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})",
        R"({"t":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
        R"({"t":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})",
        R"({"t":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}})",
        R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}})",
        R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0]}})",
        R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":{"y":1}}})", R"({"t":null} trailing)",
        R"({"t":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})",
        R"({"t":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]}})", "{\"\xff\":1}"}) {
    INFO(header);
    CHECK_THAT(outcome_of_header(header), StartsWith("corrupt_file: "));
  }
}

TEST_CASE("safetensors headers have bounds") {
  const std::string huge = little_endian<std::uint64_t>(1ull << 60) + "{}";
  CHECK_THAT(outcome(open_bytes(huge)), StartsWith("corrupt_file: ") && Contains("1152921504606846976"));
  CHECK_THAT(outcome(open_bytes(safetensors_of("{" + std::string((16u << 20), ' ') + "}", ""))),
             StartsWith("unsupported_file: ") && Contains("16777216"));
  CHECK_THAT(outcome_of_header("{\"t\":" + std::string(1'000'000, '[')), StartsWith("corrupt_file: "));
  CHECK_THAT(outcome_of_header(R"({"t":)" + entry("F8_E4M3", "[8]", "[0,8]") + "}"),
             StartsWith("unsupported_file: ") && Contains("'F8_E4M3'"));
  CHECK_THAT(
      outcome_of_header(R"({"t":)" + entry("F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]", "[0,8]") + "}"),
      StartsWith("unsupported_file: ") && Contains("16 dimensions"));
}

TEST_CASE("files that are no checkpoint are told apart") {
  CHECK_THAT(outcome(open_bytes("")), StartsWith("corrupt_file: ") && Contains("0 bytes"));
  CHECK_THAT(outcome(open_bytes("version https://git-lfs.github.com/spec/v1\noid sha256:0")),
             StartsWith("unsupported_file: ") && Contains("git lfs pull"));
  CHECK_THAT(outcome(open_bytes("<!DOCTYPE html><html>")),
             StartsWith("unsupported_file: ") && Contains("web page"));
  CHECK_THAT(outcome(open_bytes("GGUF\3xxxxxxxxxxxxxxxxxxx")),
             StartsWith("unsupported_file: ") && Contains("GGUF"));
  CHECK_THAT(outcome(open_bytes("hello, this is a text file")), StartsWith("unsupported_file: "));
}

TEST_CASE("what the writer writes, the reader reads") {
  const std::vector<NamedTensor> tensors = {
      {"a \"quoted\" name \xc3\xa9", Tensor::from({2, 3}, kWeight)},
      {"empty", Tensor(DType::f16, {0, 4})},
      {"bytes", Tensor(DType::u8, {3})},
      {"scalar", Tensor::from({}, Floats{7})},
  };
  std::string file;
  REQUIRE(outcome(write_safetensors(tensors, {{"made by", "a test"}}, into(file))) == "ok");
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), 8);
  CHECK((8 + header_bytes) % 8 == 0);

  auto read = SafetensorsFile::open(memory(file));
  REQUIRE(outcome(read) == "ok");
  CHECK((*read)->metadata().at("made by") == "a test");
  REQUIRE((*read)->tensors().size() == tensors.size());
  for (const NamedTensor& named : tensors) {
    INFO(named.name);
    auto tensor = (*read)->read(named.name);
    REQUIRE(outcome(tensor) == "ok");
    CHECK(tensor->dtype == named.tensor.dtype);
    CHECK(tensor->shape == named.tensor.shape);
    CHECK(tensor->bytes == named.tensor.bytes);
  }
}

TEST_CASE("the writer asks for one tensor at a time and checks it") {
  const std::vector<TensorInfo> infos = {{"a", DType::f32, {2}}, {"b", DType::f32, {3}}};
  std::string file;
  std::vector<std::size_t> asked;
  const TensorProvider provider = [&](std::size_t index) -> Result<Tensor> {
    asked.push_back(index);
    CHECK(file.size() >= (index ? 8u : 0u));  // what came before is out already
    return Tensor(DType::f32, {index ? 4 : 2});
  };
  CHECK_THAT(outcome(write_safetensors(infos, {}, provider, into(file))),
             StartsWith("invalid_argument: ") && Contains("'b'") && Contains("[4]") && Contains("[3]"));
  CHECK(asked == std::vector<std::size_t>{0, 1});
}

TEST_CASE("the writer refuses names that the format cannot hold, and passes on the sink's error") {
  std::string file;
  for (const char* name : {"", "__metadata__", "\xff"}) {
    const std::vector<NamedTensor> tensors = {{name, Tensor(DType::f32, {1})}};
    CHECK_THAT(outcome(write_safetensors(tensors, {}, into(file))), StartsWith("invalid_argument: "));
  }
  const std::vector<NamedTensor> twice = {{"a", Tensor(DType::f32, {1})}, {"a", Tensor(DType::f32, {1})}};
  CHECK_THAT(outcome(write_safetensors(twice, {}, into(file))), Contains("twice"));
  CHECK(file.empty());
  const auto full = [](std::span<const std::byte>) {
    return Status(Error{ErrorCode::io_failed, "disk full"});
  };
  CHECK(outcome(write_safetensors(std::span(twice).first(1), {}, full)) == "io_failed: disk full");
}
