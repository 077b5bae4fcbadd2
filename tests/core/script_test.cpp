#include "core/script/script.h"

#include <catch2/catch.hpp>

#include "weights_files.h"

using namespace masklet;
using Catch::Contains;
using Catch::StartsWith;
using masklet::weights_test::outcome;

namespace {

/// A script of one call.
std::string with_call(const std::string& call) {
  return R"({"frames": "f", "calls": [)" + call + "]}";
}

template <class Call>
Call only_call(const std::string& call) {
  const Result<Script> script = parse_script(with_call(call));
  REQUIRE(outcome(script) == "ok");
  REQUIRE(script->calls.size() == 1);
  REQUIRE(std::holds_alternative<Call>(script->calls[0]));
  return std::get<Call>(script->calls[0]);
}

/// What is said of a bad call that stands second, after a good one.
std::string refusal(const std::string& call) {
  return outcome(parse_script(with_call(R"({"op": "reset"}, )" + call)));
}

std::string options_refusal(const std::string& options) {
  return outcome(parse_script(R"({"frames": "f", "calls": [], "options": )" + options + "}"));
}

}  // namespace

TEST_CASE("the smallest script") {
  const Result<Script> script = parse_script(R"({"frames": "clip/frames", "calls": []})");
  REQUIRE(outcome(script) == "ok");
  CHECK(script->frames == "clip/frames");
  CHECK_FALSE(script->order);
  CHECK_FALSE(script->frame_count);
  CHECK(script->calls.empty());
  CHECK_FALSE(script->is_image_mode());
  const TrackingOptions defaults;
  CHECK(script->options.keep_corrections == defaults.keep_corrections);
  CHECK(script->options.fill_hole_area == defaults.fill_hole_area);
  CHECK(script->options.cached_frames == defaults.cached_frames);
}

TEST_CASE("order and options of a script") {
  const Result<Script> script = parse_script(R"({"frames": "f", "order": [3, 1, 1], "calls": [], "options": {
    "keep_corrections": false, "fill_hole_area": 1, "memory_stride": 2, "max_cond_frames": 3,
    "max_object_pointers": 4, "memories": 5, "clear_memory_around_prompts": true, "non_overlapping_masks": true,
    "history_frames": 6, "cached_frames": 7, "frame_count": 8, "memory_policy": "anchored", "min_memory_iou": 0.75}})");
  REQUIRE(outcome(script) == "ok");
  CHECK(*script->order == std::vector<int>{3, 1, 1});
  CHECK(script->frame_count == 8);
  const TrackingOptions& o = script->options;
  CHECK_FALSE(o.keep_corrections);
  CHECK(o.fill_hole_area == 1);
  CHECK(o.memory_stride == 2);
  CHECK(o.max_conditioning_frames == 3);
  CHECK(o.max_object_pointers == 4);
  CHECK(o.memories == 5);
  CHECK(o.clear_memory_around_prompts);
  CHECK(o.non_overlapping_masks);
  CHECK(o.history_frames == 6);
  CHECK(o.cached_frames == 7);
  CHECK(o.memory_policy == MemoryPolicy::anchored);
  CHECK(o.min_memory_iou == 0.75f);
}

TEST_CASE("points") {
  const auto call = only_call<PointsCall>(R"({"op": "points", "tag": "a", "object": 2, "frame": 3,
    "points": [[1, 2.5], [3e1, 0]], "labels": [1, 0], "clear_old_points": false})");
  CHECK(call.tag == "a");
  CHECK(call.prompt.object == 2);
  CHECK(call.prompt.frame == 3);
  CHECK(call.prompt.points == std::vector<Point>{{1, 2.5f, 1}, {30, 0, 0}});
  CHECK_FALSE(call.prompt.box);
  CHECK_FALSE(call.prompt.clear_old_points);
}

TEST_CASE("a box, alone and with points") {
  auto call =
      only_call<PointsCall>(R"({"op": "box", "tag": "a", "object": 2, "frame": 3, "box": [1, 2, 3, 4.5]})");
  CHECK(*call.prompt.box == std::array<float, 4>{1, 2, 3, 4.5f});
  CHECK(call.prompt.points.empty());
  CHECK(call.prompt.clear_old_points);
  call = only_call<PointsCall>(R"({"op": "points", "tag": "a", "object": 2, "frame": 3, "box": [1, 2, 3, 4],
    "points": [[5, 6]], "labels": [0]})");
  CHECK(call.prompt.box);
  CHECK(call.prompt.points.size() == 1);
}

TEST_CASE("the other calls on a session") {
  const auto mask =
      only_call<MaskCall>(R"({"op": "mask", "tag": "m", "object": 1, "frame": 2, "tensor": "t"})");
  CHECK(mask.tag == "m");
  CHECK(mask.object == 1);
  CHECK(mask.frame == 2);
  CHECK(mask.tensor == "t");
  const auto clear = only_call<ClearCall>(R"({"op": "clear", "object": 1, "frame": 2})");
  CHECK(clear.object == 1);
  CHECK(clear.frame == 2);
  CHECK(only_call<RemoveCall>(R"({"op": "remove", "object": -4})").object == -4);
  only_call<ResetCall>(R"({"op": "reset"})");
  auto propagate = only_call<PropagateCall>(R"({"op": "propagate", "tag": "p"})");
  CHECK_FALSE(propagate.request.start);
  CHECK_FALSE(propagate.request.length);
  CHECK_FALSE(propagate.request.reverse);
  propagate = only_call<PropagateCall>(
      R"({"op": "propagate", "tag": "p", "start": 4, "length": 2, "reverse": true})");
  CHECK(propagate.request.start == 4);
  CHECK(propagate.request.length == 2);
  CHECK(propagate.request.reverse);
}

TEST_CASE("calls on an image make a script one of images") {
  const Result<Script> script = parse_script(with_call(R"({"op": "image", "frame": 2},
    {"op": "predict", "tag": "a", "points": [[1, 2]], "labels": [1]},
    {"op": "predict", "tag": "b", "box": [1, 2, 3, 4], "multimask": false, "mask_input": "a", "mask_index": 2})"));
  REQUIRE(outcome(script) == "ok");
  CHECK(script->is_image_mode());
  CHECK(std::get<ImageCall>(script->calls[0]).frame == 2);
  const auto& first = std::get<PredictCall>(script->calls[1]);
  CHECK(first.prompt.multimask);
  CHECK(first.mask_input.empty());
  const auto& second = std::get<PredictCall>(script->calls[2]);
  CHECK_FALSE(second.prompt.multimask);
  CHECK(second.mask_input == "a");
  CHECK(second.mask_index == 2);
}

TEST_CASE("text that is no script says so") {
  CHECK(outcome(parse_script("")) == "invalid_argument: the script is not valid JSON");
  CHECK(outcome(parse_script("{")) == "invalid_argument: the script is not valid JSON");
  CHECK(outcome(parse_script("\xff\xfe")) == "invalid_argument: the script is not valid JSON");
  CHECK_THAT(outcome(parse_script("[]")), StartsWith("invalid_argument: script: ") && Contains("found []"));
  CHECK_THAT(outcome(parse_script("{}")), StartsWith("invalid_argument: script: 'frames' is missing"));
  CHECK_THAT(outcome(parse_script(R"({"frames": "f"})")),
             StartsWith("invalid_argument: script: 'calls' is missing"));
  CHECK_THAT(outcome(parse_script(R"({"frames": "f", "calls": {}})")),
             Contains("'calls' is {}; it must be an array"));
  CHECK_THAT(outcome(parse_script(R"({"frames": 1, "calls": []})")),
             Contains("'frames' is 1; it must be a string"));
  CHECK_THAT(outcome(parse_script(R"({"frames": "f", "calls": [], "order": [1, 1.5]})")),
             Contains("'order' is [1,1.5]; it must be an array of whole numbers"));
  CHECK_THAT(outcome(parse_script(R"({"frames": "f", "calls": [], "order": 3})")), Contains("'order' is 3"));
  CHECK_THAT(
      outcome(parse_script(R"({"frames": "f", "calls": [], "colour": 3})")),
      Contains("unknown key") && Contains("colour") && Contains("known are calls, frames, options, order"));
}

TEST_CASE("bad options are named") {
  CHECK_THAT(options_refusal("3"), StartsWith("invalid_argument: script options: ") && Contains("found 3"));
  CHECK_THAT(options_refusal(R"({"memory_stride": "2"})"),
             Contains("script options: 'memory_stride' is \"2\""));
  CHECK_THAT(options_refusal(R"({"memory_policy": "best"})"), Contains("recent, confident or anchored"));
  CHECK_THAT(options_refusal(R"({"min_memory_iou": "high"})"), Contains("'min_memory_iou'"));
  CHECK_THAT(options_refusal(R"({"memory_stride": 2.5})"), Contains("whole number"));
  CHECK_THAT(options_refusal(R"({"memory_stride": 2147483648})"), Contains("'memory_stride' is 2147483648"));
  CHECK_THAT(options_refusal(R"({"memory_stride": 18446744073709551615})"), Contains("31 bits"));
  CHECK_THAT(options_refusal(R"({"keep_corrections": 1})"),
             Contains("'keep_corrections' is 1; it must be true"));
  CHECK_THAT(options_refusal(R"({"max_conditioning_frames": 1})"), Contains("unknown key"));
}

TEST_CASE("every error in a call names the call and the key") {
  struct Case {
    const char* call;
    const char* said;
  };
  const Case cases[] = {
      {"3", "found 3"},
      {"{}", "'op' is missing"},
      {R"({"op": 3})", "'op' is 3; it must be a string"},
      {R"({"op": "paint"})", "'op' is \"paint\"; known are points, box"},
      {R"({"op": "reset", "tag": "a"})", "unknown key \"tag\"; known are op"},
      {R"({"op": "points", "object": 1, "frame": 0})", "'tag' is missing"},
      {R"({"op": "points", "tag": "a", "frame": 0})", "'object' is missing"},
      {R"({"op": "points", "tag": "a", "object": 1})", "'frame' is missing"},
      {R"({"op": "points", "tag": "a", "object": 1.5, "frame": 0})", "'object' is 1.5"},
      {R"({"op": "points", "tag": "a", "object": 1, "frame": true})", "'frame' is true"},
      {R"({"op": "points", "tag": "a", "object": 1, "frame": 0, "points": [[1, 2]]})", "'labels' is missing"},
      {R"({"op": "points", "tag": "a", "object": 1, "frame": 0, "labels": [1]})", "'points' is missing"},
      {R"({"op": "points", "tag": "a", "object": 1, "frame": 0, "points": [[1, 2]], "labels": [1, 1]})",
       "'labels' is [1,1]; there must be as many labels as points"},
      {R"({"op": "points", "tag": "a", "object": 1, "frame": 0, "points": [[1, 2, 3]], "labels": [1]})",
       "'points' is [[1,2,3]]; it must be an array of rows of 2"},
      {R"({"op": "points", "tag": "a", "object": 1, "frame": 0, "points": [1, 2], "labels": [1]})",
       "'points' is [1,2]"},
      {R"({"op": "points", "tag": "a", "object": 1, "frame": 0, "points": [[1, null]], "labels": [1]})",
       "'points'"},
      {R"({"op": "points", "tag": "a", "object": 1, "frame": 0, "points": [[1, 1e39]], "labels": [1]})",
       "finite"},
      {R"({"op": "points", "tag": "a", "object": 1, "frame": 0, "points": {"x": 1}, "labels": [1]})",
       "'points'"},
      {R"({"op": "points", "tag": "a", "object": 1, "frame": 0, "points": [[1, 2]], "labels": ["1"]})",
       "'labels'"},
      {R"({"op": "box", "tag": "a", "object": 1, "frame": 0, "box": [1, 2, 3]})",
       "'box' is [1,2,3]; it must be [x0"},
      {R"({"op": "box", "tag": "a", "object": 1, "frame": 0, "box": "all"})", "'box' is \"all\""},
      {R"({"op": "box", "tag": "a", "object": 1, "frame": 0, "clear_old_points": 0})",
       "'clear_old_points' is 0"},
      {R"({"op": "mask", "tag": "a", "object": 1, "frame": 0})", "'tensor' is missing"},
      {R"({"op": "clear", "object": 1})", "'frame' is missing"},
      {R"({"op": "remove"})", "'object' is missing"},
      {R"({"op": "propagate"})", "'tag' is missing"},
      {R"({"op": "propagate", "tag": "a", "start": "0"})", "'start' is \"0\""},
      {R"({"op": "propagate", "tag": "a", "length": 0.5})", "'length' is 0.5"},
      {R"({"op": "propagate", "tag": "a", "reverse": "yes"})", "'reverse' is \"yes\""},
      {R"({"op": "image"})", "'frame' is missing"},
      {R"({"op": "predict", "tag": "a", "multimask": null})", "'multimask' is null"},
      {R"({"op": "predict", "tag": "a", "mask_input": 1})", "'mask_input' is 1"},
  };
  for (const Case& bad : cases) {
    INFO(bad.call);
    CHECK_THAT(refusal(bad.call), StartsWith("invalid_argument: script call 1: ") && Contains(bad.said));
  }
}

TEST_CASE("values are shown shortened") {
  const std::string message = refusal(R"({"op": ")" + std::string(1000, 'x') + "\"}");
  CHECK_THAT(message, Contains("xxx..."));
  CHECK(message.size() < 300);
}

TEST_CASE("scripts nested as deep as they are long are refused without exhausting the stack") {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK_THAT(outcome(parse_script(deep)),
             StartsWith("invalid_argument: script: ") && Contains("deeply nested array"));
  CHECK_THAT(refusal(deep),
             StartsWith("invalid_argument: script call 1: ") && Contains("deeply nested array"));
  CHECK_THAT(refusal(R"({"op": )" + deep + "}"), Contains("'op' is a deeply nested array"));
  CHECK_THAT(refusal(R"({"op": "points", "tag": "a", "object": 1, "frame": 0, "labels": [], "points": )" +
                     deep + "}"),
             Contains("'points' is a deeply nested array"));
}
