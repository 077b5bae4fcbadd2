#include "core/script/script.h"

#include "core/base/json_fields.h"

namespace masklet {
namespace {

std::vector<Point> read_points(JsonFields& fields) {
  const std::vector<std::vector<float>> positions = fields.rows("points", 2);
  const std::vector<int> labels = fields.integers("labels");
  if (positions.size() != labels.size()) {
    fields.refuse("labels", "there must be as many labels as points");
    return {};
  }
  std::vector<Point> points;
  for (std::size_t i = 0; i < positions.size(); ++i) points.push_back({positions[i][0], positions[i][1], labels[i]});
  return points;
}

std::optional<std::array<float, 4>> read_box(JsonFields& fields) {
  const std::vector<float> box = fields.numbers("box");
  if (box.size() == 4) return std::array<float, 4>{box[0], box[1], box[2], box[3]};
  fields.refuse("box", "it must be [x0, y0, x1, y1]");
  return std::nullopt;
}

ScriptCall read_points_call(JsonFields& fields) {
  PointsCall call{fields.text("tag"), {}};
  call.prompt.object = fields.integer("object");
  call.prompt.frame = fields.integer("frame");
  if (fields.has("points") || fields.has("labels")) call.prompt.points = read_points(fields);
  if (fields.has("box")) call.prompt.box = read_box(fields);
  call.prompt.clear_old_points = fields.boolean_or("clear_old_points", true);
  return call;
}

ScriptCall read_propagate_call(JsonFields& fields) {
  PropagateCall call{fields.text("tag"), {}};
  call.request.start = fields.optional_integer("start");
  call.request.length = fields.optional_integer("length");
  call.request.reverse = fields.boolean_or("reverse", false);
  return call;
}

ScriptCall read_predict_call(JsonFields& fields) {
  PredictCall call;
  call.tag = fields.text("tag");
  if (fields.has("points") || fields.has("labels")) call.prompt.points = read_points(fields);
  if (fields.has("box")) call.prompt.box = read_box(fields);
  call.prompt.multimask = fields.boolean_or("multimask", true);
  call.mask_input = fields.text_or("mask_input", "");
  call.mask_index = fields.integer_or("mask_index", 0);
  return call;
}

ScriptCall read_mask_call(JsonFields& fields) {
  return MaskCall{fields.text("tag"), fields.integer("object"), fields.integer("frame"), fields.text("tensor")};
}

Result<ScriptCall> read_call(const nlohmann::json& json, std::size_t index) {
  JsonFields fields(json, "script call " + std::to_string(index));
  const std::string op = fields.text("op");
  ScriptCall call = ResetCall{};
  if (op == "points" || op == "box") {
    call = read_points_call(fields);
  } else if (op == "mask") {
    call = read_mask_call(fields);
  } else if (op == "clear") {
    call = ClearCall{fields.integer("object"), fields.integer("frame")};
  } else if (op == "remove") {
    call = RemoveCall{fields.integer("object")};
  } else if (op == "propagate") {
    call = read_propagate_call(fields);
  } else if (op == "image") {
    call = ImageCall{fields.integer("frame")};
  } else if (op == "predict") {
    call = read_predict_call(fields);
  } else if (op != "reset") {
    fields.refuse("op", "known are points, box, mask, clear, remove, reset, propagate, image and predict");
  }
  MASKLET_TRY(fields.finish());
  return call;
}

Result<TrackingOptions> read_options(const nlohmann::json& json, std::optional<int>& frame_count) {
  TrackingOptions options;
  JsonFields fields(json, "script options");
  options.keep_corrections = fields.boolean_or("keep_corrections", options.keep_corrections);
  options.fill_hole_area = fields.integer_or("fill_hole_area", options.fill_hole_area);
  options.memory_stride = fields.integer_or("memory_stride", options.memory_stride);
  options.max_conditioning_frames = fields.integer_or("max_cond_frames", options.max_conditioning_frames);
  options.max_object_pointers = fields.integer_or("max_object_pointers", options.max_object_pointers);
  options.memories = fields.integer_or("memories", options.memories);
  read_memory_policy(fields, options);
  options.clear_memory_around_prompts =
      fields.boolean_or("clear_memory_around_prompts", options.clear_memory_around_prompts);
  options.non_overlapping_masks = fields.boolean_or("non_overlapping_masks", options.non_overlapping_masks);
  options.history_frames = fields.integer_or("history_frames", options.history_frames);
  options.cached_frames = fields.integer_or("cached_frames", options.cached_frames);
  frame_count = fields.optional_integer("frame_count");
  MASKLET_TRY(fields.finish());
  return options;
}

}  // namespace

bool Script::is_image_mode() const {
  for (const ScriptCall& call : calls) {
    if (std::holds_alternative<ImageCall>(call) || std::holds_alternative<PredictCall>(call)) return true;
  }
  return false;
}

Result<Script> parse_script(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return Error{ErrorCode::invalid_argument, "the script is not valid JSON"};
  Script script;
  JsonFields fields(json, "script");
  script.frames = fields.text("frames");
  if (fields.has("order")) script.order = fields.integers("order");
  if (const nlohmann::json* options = fields.field("options")) {
    MASKLET_ASSIGN(script.options, read_options(*options, script.frame_count));
  }
  const nlohmann::json* calls = fields.field("calls");
  if (!calls || !calls->is_array()) fields.refuse("calls", "it must be an array of calls");
  MASKLET_TRY(fields.finish());
  for (std::size_t i = 0; i < calls->size(); ++i) {
    MASKLET_ASSIGN(ScriptCall call, read_call((*calls)[i], i));
    script.calls.push_back(std::move(call));
  }
  return script;
}

}  // namespace masklet
