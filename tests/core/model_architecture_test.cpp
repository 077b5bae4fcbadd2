#include <catch2/catch.hpp>
#include <functional>

#include "core/model/architecture.h"
#include "core/model/recognise.h"
#include "weights_files.h"

using namespace masklet;
using namespace masklet::weights_test;
using Catch::Contains;
using Catch::StartsWith;

namespace {

/// model.json of the default architecture with one piece of text replaced.
std::string edited(const std::string& from, const std::string& to) {
  std::string json = to_json(Architecture());
  const std::size_t at = json.find(from);
  REQUIRE(at != std::string::npos);
  return json.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("published architectures keep their rules and survive model.json") {
  REQUIRE(published_models().size() == 4);
  for (const PublishedModel& model : published_models()) {
    INFO(model.size);
    CHECK(outcome(validate(model.architecture)) == "ok");
    auto parsed = parse_architecture(to_json(model.architecture));
    REQUIRE(outcome(parsed) == "ok");
    CHECK(*parsed == model.architecture);
  }
}

TEST_CASE("model.json keeps what tells SAM 2.0 from 2.1") {
  Architecture older;
  older.no_object_memory_embedding = older.pointer_time_encoding = false;
  CHECK(*parse_architecture(to_json(older)) == older);
  CHECK_THAT(to_json(Architecture()), !Contains("pointer_time_encoding"));
}

TEST_CASE("each rule of a smaller SAM 2 has its message") {
  struct Case {
    std::function<void(Architecture&)> change;
    std::string key, said;
  };
  const Case cases[] = {
      {[](Architecture& a) { a.image_size = 1000; }, "image_size", "multiple of 32"},
      {[](Architecture& a) { a.image_size = 0; }, "image_size", "between 32 and 4096"},
      {[](Architecture& a) { a.image_size = 1 << 20; }, "image_size", "between 32 and 4096"},
      {[](Architecture& a) { a.image_size = 1024 - 32, a.window_spec[0] = 10; }, "window_spec",
       "divide image_size / 4"},
      {[](Architecture& a) { a.window_spec[2] = 7; }, "window_spec", "must be even"},
      {[](Architecture& a) {
         a.window_spec = {8, 4, 14};
       },
       "window_spec", "4 stages"},
      {[](Architecture& a) { a.window_spec[1] = 0; }, "window_spec", "between 1"},
      {[](Architecture& a) {
         a.global_att_blocks = {5, 10};
       },
       "global_att_blocks", "block 10 begins stage 4"},
      {[](Architecture& a) { a.global_att_blocks = {12}; }, "global_att_blocks", "block 12"},
      {[](Architecture& a) { a.global_att_blocks = {-1}; }, "global_att_blocks", "block -1"},
      {[](Architecture& a) {
         a.global_att_blocks = {5, 5};
       },
       "global_att_blocks", "block 5 comes twice"},
      {[](Architecture& a) {
         a.stages = {1, 2, 7};
       },
       "stages", "4 stages"},
      {[](Architecture& a) {
         a.stages = {1, 2, 200, 200};
       },
       "stages", "256 blocks"},
      {[](Architecture& a) { a.backbone_channel_list[0] = 700; }, "backbone_channel_list",
       "[768, 384, 192, 96]"},
      {[](Architecture& a) { a.backbone_q_pool = 2; }, "backbone_q_pool", "must be 3"},
      {[](Architecture& a) { a.num_heads = 5; }, "num_heads", "do not divide"},
      {[](Architecture& a) { a.num_heads = 0; }, "num_heads", "between 1"},
      {[](Architecture& a) { a.head_mul = 0.5; }, "head_mul", "between 1"},
      {[](Architecture& a) { a.head_mul = 5.0; }, "num_heads", "do not divide"},
      {[](Architecture& a) { a.neck_scalp = 0; }, "neck_scalp", "must be 1"},
      {[](Architecture& a) {
         a.fpn_top_down_levels = {2, 4};
       },
       "fpn_top_down_levels", "between 0 and 3"},
      {[](Architecture& a) { a.d_model = 248; }, "d_model", "multiple of 16"},
      {[](Architecture& a) { a.mem_dim = 96; }, "mem_dim", "must divide d_model"},
      {[](Architecture& a) { a.mem_dim = 2; }, "mem_dim", "multiple of 4"},
      {[](Architecture& a) { a.num_maskmem = 0; }, "num_maskmem", "between 1"},
      {[](Architecture& a) { a.memory_attention_layers = 1000; }, "memory_attention_layers",
       "between 1 and 64"},
      {[](Architecture& a) { a.rope_theta = 0.0; }, "rope_theta", "above 1"},
  };
  for (const Case& c : cases) {
    INFO(c.key << ", " << c.said);
    Architecture architecture;
    c.change(architecture);
    CHECK_THAT(outcome(validate(architecture)),
               StartsWith("invalid_argument: architecture: " + c.key) && Contains(c.said));
  }
}

TEST_CASE("model.json names what is wrong with it") {
  CHECK_THAT(outcome(parse_architecture(edited("\"d_model\"", "\"d_modell\""))),
             StartsWith("invalid_argument: model.json") && Contains("d_model is missing"));
  CHECK_THAT(outcome(parse_architecture(edited("\"d_model\"", "\"colour\": 3, \"d_model\""))),
             Contains("\"colour\" is unknown"));
  CHECK_THAT(outcome(parse_architecture(edited("256", "\"256\""))),
             Contains("d_model is \"256\"") && Contains("whole number"));
  CHECK_THAT(outcome(parse_architecture(edited("256", "256.5"))), Contains("256.5"));
  CHECK_THAT(outcome(parse_architecture(edited("256", "99999999999"))), Contains("99999999999"));
  CHECK_THAT(outcome(parse_architecture(edited("256", "-99999999999999999999"))),
             StartsWith("invalid_argument: "));
  CHECK_THAT(outcome(parse_architecture(edited("[7,7]", "[7]"))), Contains("two whole numbers"));
  CHECK_THAT(outcome(parse_architecture(edited("[5,7,9]", "5"))), Contains("list"));
  CHECK_THAT(outcome(parse_architecture(edited("10000.0", "1e999"))), StartsWith("invalid_argument: "));
  CHECK_THAT(outcome(parse_architecture(edited("256", "255"))), Contains("d_model is 255"));
  CHECK_THAT(outcome(parse_architecture("")), Contains("no valid JSON"));
  CHECK_THAT(outcome(parse_architecture("[1]")), Contains("must be an object"));
  CHECK_THAT(outcome(parse_architecture(std::string(70000, ' '))), Contains("limit"));
  CHECK_THAT(outcome(parse_architecture(std::string(60000, '['))), StartsWith("invalid_argument: "));
  CHECK_THAT(outcome(parse_architecture("{\"\xff\": 1}")), StartsWith("invalid_argument: "));
}
