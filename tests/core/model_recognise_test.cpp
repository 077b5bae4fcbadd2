#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/model/model_folder.h"
#include "core/model/model_tensors.h"
#include "core/model/recognise.h"
#include "weights_files.h"

using namespace masklet;
using namespace masklet::weights_test;
using Catch::Contains;
using Catch::StartsWith;

namespace {

using Tensors = std::vector<TensorInfo>;

/// The reference fixtures, which stand beside the repository on some machines.
const std::string kShared = std::string(MASKLET_FIXTURES) + "/../../../shared/fixtures/";

bool shared_stands(const std::string& file) {
  if (std::ifstream(kShared + file)) return true;
  WARN("SKIPPED: " << kShared << file << " is not there");
  return false;
}

/// Reads a file piece by piece; the fixture has 25 MB.
class FileSource final : public ByteSource {
 public:
  explicit FileSource(const std::string& path) : file_(path, std::ios::binary) {
    file_.seekg(0, std::ios::end);
    size_ = static_cast<std::uint64_t>(file_.tellg());
  }
  std::uint64_t size() const override { return size_; }
  Status read(std::uint64_t offset, std::span<std::byte> out) override {
    largest_read = std::max(largest_read, out.size());
    file_.seekg(static_cast<std::streamoff>(offset));
    file_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
    if (!file_) return Error{ErrorCode::io_failed, "read failed"};
    return {};
  }
  std::size_t largest_read = 0;

 private:
  std::ifstream file_;
  std::uint64_t size_ = 0;
};

Architecture older(Architecture architecture) {
  architecture.no_object_memory_embedding = architecture.pointer_time_encoding = false;
  return architecture;
}

void drop(Tensors& tensors, const std::string& prefix) {
  tensors.erase(std::remove_if(tensors.begin(), tensors.end(),
                               [&](const TensorInfo& info) { return info.name.rfind(prefix, 0) == 0; }),
                tensors.end());
}

TensorInfo& named(Tensors& tensors, const std::string& name) {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const auto& info) { return info.name == name; });
  REQUIRE(found != tensors.end());
  return *found;
}

/// A SAM 2 of a few hundred thousand parameters.
Architecture small_of_its_own() {
  Architecture a;
  a.image_size = 64;
  a.embed_dim = 8;
  a.stages = {1, 1, 2, 1};
  a.global_att_blocks = {3};
  a.window_spec = {8, 4, 2, 2};
  a.window_pos_embed_bkg_spatial_size = {2, 2};
  a.backbone_channel_list = {64, 32, 16, 8};
  a.d_model = 16;
  a.mem_dim = 8;
  a.memory_attention_layers = 1;
  a.memory_attention_dim_feedforward = 32;
  return a;
}

}  // namespace

TEST_CASE("each published size of SAM 2.1 and 2.0 is recognised by its tensors") {
  for (const PublishedModel& model : published_models()) {
    INFO(model.size);
    auto newest = recognise(expected_tensors(model.architecture));
    REQUIRE(outcome(newest) == "ok");
    CHECK(*newest == model.architecture);
    CHECK(model_name(*newest) == "SAM 2.1 " + std::string(model.size));
    auto first = recognise(expected_tensors(older(model.architecture)));
    REQUIRE(outcome(first) == "ok");
    CHECK(*first == older(model.architecture));
    CHECK(model_name(*first) == "SAM 2.0 " + std::string(model.size));
  }
}

TEST_CASE("published sizes have the parameters that were published") {
  // Millions, from the table in Meta's README.
  const std::pair<std::string_view, double> published[] = {
      {"tiny", 38.9}, {"small", 46.0}, {"base_plus", 80.8}, {"large", 224.4}};
  for (const PublishedModel& model : published_models()) {
    double millions = 0;
    for (const TensorInfo& info : expected_tensors(model.architecture))
      millions += 1e-6 * element_count(info.shape);
    for (const auto& [size, expected] : published) {
      if (size == model.size) CHECK(millions == Approx(expected).margin(0.15));
    }
  }
}

TEST_CASE("expected tensors are those of the reference's checkpoints") {
  const std::pair<std::string, std::size_t> sizes[] = {{"tiny", 0}, {"large", 3}};
  for (const auto& [name, index] : sizes) {
    const std::string file = name + "/weights.json";
    if (!shared_stands(file)) continue;
    const auto recipe = nlohmann::json::parse(file_bytes(kShared + file));
    Tensors reference;
    for (const auto& row : recipe["tensors"]) reference.push_back({row[0], DType::f32, row[1].get<Shape>()});
    CHECK(expected_tensors(published_models()[index].architecture) == reference);
  }
}

TEST_CASE("a published checkpoint that lost or bent tensors is a mismatch, not another architecture") {
  Tensors tensors = expected_tensors(Architecture());
  drop(tensors, "memory_attention.layers.3.");
  CHECK_THAT(outcome(recognise(tensors)),
             StartsWith("weights_mismatch: ") && Contains("26 missing") &&
                 Contains("'memory_attention.layers.3.self_attn.q_proj.weight'"));
  REQUIRE(outcome(presume_architecture(tensors)) == "ok");
  CHECK(compare_tensors(*presume_architecture(tensors), tensors).missing.size() == 26);
  tensors = expected_tensors(Architecture());
  named(tensors, "no_mem_embed").shape = {1, 256};
  CHECK_THAT(outcome(recognise(tensors)),
             StartsWith("weights_mismatch: ") && Contains("'no_mem_embed' [1, 256] instead of [1, 1, 256]"));
  tensors = expected_tensors(Architecture());
  drop(tensors, "no_obj_embed_spatial");
  CHECK_THAT(outcome(recognise(tensors)),
             StartsWith("weights_mismatch: ") && Contains("'no_obj_embed_spatial'"));
  tensors = expected_tensors(Architecture());
  tensors.push_back({"my_head.weight", DType::f32, {3}});
  CHECK(outcome(recognise(tensors)) == "ok");
  CHECK(compare_tensors(Architecture(), tensors).unexpected == std::vector<std::string>{"my_head.weight"});
}

TEST_CASE("an architecture of its own needs its model.json") {
  const Architecture own = small_of_its_own();
  REQUIRE(outcome(validate(own)) == "ok");
  const Tensors tensors = expected_tensors(own);
  CHECK_THAT(outcome(recognise(tensors)), StartsWith("unknown_architecture: ") && Contains("embed_dim 8") &&
                                              Contains("[1, 1, 2, 1]") && Contains("model.json"));
  auto given = recognise(tensors, own);
  REQUIRE(outcome(given) == "ok");
  CHECK(*given == own);
  CHECK(model_name(*given) == "SAM 2 of its own shape");
  // The tensors decide what SAM 2.0 lacks.
  CHECK(*recognise(expected_tensors(older(own)), own) == older(own));
  CHECK_THAT(outcome(recognise(tensors, Architecture())), StartsWith("weights_mismatch: "));
  Architecture broken = own;
  broken.d_model = 24;
  CHECK_THAT(outcome(recognise(tensors, broken)), StartsWith("invalid_argument: "));
}

TEST_CASE("memory as wide as the features has no projection, as in the reference") {
  Architecture own = small_of_its_own();
  own.mem_dim = own.d_model;
  const Tensors tensors = expected_tensors(own);
  for (const TensorInfo& info : tensors) CHECK(info.name.rfind("memory_encoder.out_proj", 0) != 0);
  CHECK(outcome(recognise(tensors, own)) == "ok");
}

TEST_CASE("checkpoints under other names are refused by the layout's name") {
  auto converted = open_fixture("transformers.safetensors");
  REQUIRE(outcome(converted) == "ok");
  CHECK_THAT(outcome(recognise((*converted)->tensors())),
             StartsWith("unsupported_file: ") && Contains("Hugging Face transformers") &&
                 Contains("'vision_encoder.backbone.patch_embed.projection.weight'") && Contains(".pt"));
  CHECK_THAT(outcome(recognise((*converted)->tensors(), Architecture())), StartsWith("unsupported_file: "));
  CHECK_THAT(outcome(recognise({{"image_encoder.patch_embed.proj.weight", DType::f32, {768, 3, 16, 16}}})),
             StartsWith("unsupported_file: ") && Contains("first SAM"));
  CHECK_THAT(outcome(recognise({{"fc.weight", DType::f32, {10, 10}}})),
             StartsWith("unsupported_file: ") && Contains("no SAM 2") && Contains("'fc.weight'"));
  CHECK_THAT(outcome(recognise(Tensors())), StartsWith("unsupported_file: "));
}

TEST_CASE("parameters are counted by part") {
  const auto parts = summarise_parts(expected_tensors(Architecture()));
  std::map<std::string_view, double> millions;
  for (const PartSummary& part : parts) millions[part.part] = 1e-6 * static_cast<double>(part.parameters);
  CHECK(millions["image encoder"] == Approx(27.2).margin(0.1));
  CHECK(millions["memory attention"] == Approx(5.9).margin(0.1));
  CHECK(millions["memory encoder"] == Approx(1.4).margin(0.1));
  CHECK(millions["prompt encoder"] + millions["mask decoder"] == Approx(4.4).margin(0.1));
  CHECK(millions.count("other") == 0);
  CHECK(summarise_parts({{"x", DType::f32, {3}}}).front().part == "other");
}

TEST_CASE("nano-b's checkpoint has every tensor of its architecture and no other") {
  if (!shared_stands("nano-b/nano_b_random.pt")) return;
  auto given = parse_architecture(file_bytes(kShared + "nano-b/architecture.json"));
  REQUIRE(outcome(given) == "ok");
  const auto source = std::make_shared<FileSource>(kShared + "nano-b/nano_b_random.pt");
  auto checkpoint = open_checkpoint(source);
  REQUIRE(outcome(checkpoint) == "ok");
  const TensorReport report = compare_tensors(*given, (*checkpoint)->tensors());
  CHECK(report.fits());
  CHECK(report.unexpected.empty());
  CHECK(outcome(recognise((*checkpoint)->tensors(), *given)) == "ok");
  std::size_t largest = 0;
  for (const TensorInfo& info : (*checkpoint)->tensors()) {
    CHECK((*checkpoint)->read_f32(info.name).ok());
    largest = std::max(largest, static_cast<std::size_t>(element_count(info.shape)) * 4);
  }
  CHECK(source->largest_read <= std::max<std::size_t>(largest, 128 * 1024));
}

TEST_CASE("a model folder opens as the checkpoint that it was made of") {
  const Architecture own = small_of_its_own();
  std::vector<NamedTensor> tensors;
  float value = 0;
  for (const TensorInfo& info : expected_tensors(own)) {
    tensors.push_back({info.name, Tensor(DType::f32, info.shape)});
    for (float& element : tensors.back().tensor.f32())
      element = (value = value < 1 ? value + 1.0f / 512 : -1);
  }
  tensors.push_back({"left_out.weight", Tensor(DType::f32, {5})});
  std::string file;
  REQUIRE(write_safetensors(tensors, {}, [&](std::span<const std::byte> bytes) {
            file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            return Status();
          }).ok());
  auto checkpoint = open_bytes(file);
  REQUIRE(outcome(checkpoint) == "ok");

  for (const WeightStorage storage : {WeightStorage::f32, WeightStorage::f16, WeightStorage::q8}) {
    std::map<std::string, std::string, std::less<>> folder;
    std::string last;
    const FolderSink sink = [&](std::string_view name, std::span<const std::byte> bytes) {
      last = name;
      folder[last].append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return Status();
    };
    REQUIRE(outcome(write_model_folder(own, **checkpoint, storage, sink)) == "ok");
    CHECK(last == "model.json");
    auto given = parse_architecture(folder["model.json"]);
    REQUIRE(outcome(given) == "ok");
    auto reopened = open_bytes(folder["model.safetensors"]);
    REQUIRE(outcome(reopened) == "ok");
    auto recognised = recognise((*reopened)->tensors(), *given);
    REQUIRE(outcome(recognised) == "ok");
    CHECK(*recognised == own);
    CHECK((*reopened)->find("left_out.weight") == nullptr);
    for (const TensorInfo& info : (*reopened)->tensors()) {
      const auto before = values(**checkpoint, info.name), after = values(**reopened, info.name);
      REQUIRE(before.size() == after.size());
      float largest = 0;
      for (std::size_t i = 0; i < before.size(); ++i)
        largest = std::max(largest, std::fabs(after[i] - before[i]));
      CHECK(largest <= 0.005f);
    }
  }
  const FolderSink full = [](std::string_view, std::span<const std::byte>) {
    return Status(Error{ErrorCode::io_failed, "disk full"});
  };
  CHECK(outcome(write_model_folder(own, **checkpoint, WeightStorage::f32, full)) == "io_failed: disk full");
  CHECK_THAT(outcome(write_model_folder(Architecture(), **checkpoint, WeightStorage::f32, full)),
             StartsWith("weights_mismatch: "));
}
