#include "wasm/values.h"

#include <array>

namespace masklet::wasm {
namespace {

bool absent(const val& value) { return value.isUndefined() || value.isNull(); }

template <class T>
val view_of(std::span<T> items) {
  return val(emscripten::typed_memory_view(items.size(), items.data()));
}

val dims_value(const Shape& shape) {
  val dims = val::array();
  for (std::size_t i = 0; i < shape.size(); ++i) dims.set(i, static_cast<double>(shape[i]));
  return dims;
}

/// The names that ONNX Runtime Web gives to the types that cross the contract.
const char* type_name(DType dtype) {
  switch (dtype) {
    case DType::f32: return "float32";
    case DType::u8: return "uint8";
    case DType::i64: return "int64";
    default: return "";
  }
}

std::optional<DType> dtype_of(const std::string& name) {
  for (DType dtype : {DType::f32, DType::u8, DType::i64}) {
    if (name == type_name(dtype)) return dtype;
  }
  return std::nullopt;
}

val input_value(const NetworkInput& input) {
  val value = val::object();
  value.set("name", std::string(input.name));
  if (const auto* handle = std::get_if<TensorHandle>(&input.value)) {
    value.set("handle", *handle);
    return value;
  }
  const Tensor& tensor = std::get<Tensor>(input.value);
  value.set("type", type_name(tensor.dtype));
  value.set("dims", dims_value(tensor.shape));
  value.set("data", copy_bytes(std::span<const std::byte>(tensor.bytes)));
  return value;
}

val output_value(const NetworkOutput& output) {
  val value = val::object();
  value.set("name", std::string(output.name));
  value.set("dims", dims_value(output.shape));
  value.set("keepAs", output.keep_as);
  return value;
}

template <class Items, class Convert>
val list(const Items& items, Convert convert) {
  val values = val::array();
  for (std::size_t i = 0; i < items.size(); ++i) values.set(i, convert(items[i]));
  return values;
}

void describe(const Done& done, val& step) {
  step.set("kind", "done");
  if (!done.status) step.set("error", failure(done.status.error())["error"]);
}

void describe(const NeedFrame& need, val& step) {
  step.set("kind", "frame");
  step.set("frame", need.frame);
}

void describe(const RunNetwork& run, val& step) {
  step.set("kind", "run");
  step.set("network", std::string(network_name(run.network)));
  step.set("inputs", list(run.inputs, input_value));
  step.set("outputs", list(run.outputs, output_value));
  step.set("release", list(run.release, [](TensorHandle handle) { return handle; }));
}

void describe(const FrameReady& ready, val& step) {
  step.set("kind", "ready");
  step.set("frame", ready.result.frame);
}

Result<ColourMatrix> matrix_of(const std::string& name, int width, int height) {
  if (name.empty()) return presumed_matrix(width, height);
  constexpr std::array<const char*, 3> kNames = {"bt601", "bt709", "bt2020"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames[i]) return static_cast<ColourMatrix>(i);
  }
  return Error{ErrorCode::invalid_argument, "colour matrix '" + name + "' is not bt601, bt709 or bt2020"};
}

}  // namespace

val success(val value) {
  val result = val::object();
  result.set("value", value);
  return result;
}

val failure(const Error& error) {
  val described = val::object();
  described.set("code", std::string(error_name(error.code)));
  described.set("message", error.message);
  val result = val::object();
  result.set("error", described);
  return result;
}

val copy_bytes(std::span<const std::byte> bytes) {
  return copy_bytes(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

val copy_bytes(std::span<const std::uint8_t> bytes) { return view_of(bytes).call<val>("slice"); }

val copy_floats(std::span<const float> values) { return view_of(values).call<val>("slice"); }

void read_bytes(const val& array, std::span<std::byte> out) {
  view_of(std::span(reinterpret_cast<std::uint8_t*>(out.data()), out.size())).call<void>("set", array);
}

std::vector<std::uint8_t> bytes_of(const val& array) {
  std::vector<std::uint8_t> bytes(array["length"].as<std::size_t>());
  read_bytes(array, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

std::vector<float> floats_of(const val& array) {
  if (absent(array)) return {};
  std::vector<float> floats(array["length"].as<std::size_t>());
  view_of(std::span(floats)).call<void>("set", array);
  return floats;
}

std::optional<int> optional_int(const val& object, const char* key) {
  const val value = object[key];
  return absent(value) ? std::nullopt : std::optional(value.as<int>());
}

int int_or(const val& object, const char* key, int fallback) { return optional_int(object, key).value_or(fallback); }

bool bool_or(const val& object, const char* key, bool fallback) {
  const val value = object[key];
  return absent(value) ? fallback : value.as<bool>();
}

std::string string_or(const val& object, const char* key, const std::string& fallback) {
  const val value = object[key];
  return absent(value) ? fallback : value.as<std::string>();
}

Clip clip_of(const val& object) {
  return {int_or(object, "width", 0), int_or(object, "height", 0), int_or(object, "frameCount", 0)};
}

Result<TrackingOptions> options_of(const val& object) {
  TrackingOptions o;
  o.keep_corrections = bool_or(object, "keepCorrections", o.keep_corrections);
  o.fill_hole_area = int_or(object, "fillHoleArea", o.fill_hole_area);
  o.memory_stride = int_or(object, "memoryStride", o.memory_stride);
  o.max_conditioning_frames = int_or(object, "maxConditioningFrames", o.max_conditioning_frames);
  o.max_object_pointers = int_or(object, "maxObjectPointers", o.max_object_pointers);
  o.memories = int_or(object, "memories", o.memories);
  const std::string policy = string_or(object, "memoryPolicy", std::string(memory_policy_name(o.memory_policy)));
  const auto known = memory_policy_of(policy);
  if (!known)
    return Error{ErrorCode::invalid_argument,
                 "memoryPolicy is '" + policy + "'; it must be recent, confident or anchored"};
  o.memory_policy = *known;
  if (const val iou = object["minMemoryIou"]; !absent(iou)) o.min_memory_iou = iou.as<float>();
  o.clear_memory_around_prompts = bool_or(object, "clearMemoryAroundPrompts", o.clear_memory_around_prompts);
  o.non_overlapping_masks = bool_or(object, "nonOverlappingMasks", o.non_overlapping_masks);
  o.history_frames = int_or(object, "historyFrames", o.history_frames);
  o.cached_frames = int_or(object, "cachedFrames", o.cached_frames);
  return o;
}

std::vector<Point> points_of(const val& object) {
  const std::vector<float> places = floats_of(object["points"]), labels = floats_of(object["labels"]);
  std::vector<Point> points;
  for (std::size_t i = 0; 2 * i + 1 < places.size(); ++i)
    points.push_back({places[2 * i], places[2 * i + 1], i < labels.size() ? static_cast<int>(labels[i]) : 1});
  return points;
}

std::optional<std::array<float, 4>> box_of(const val& object) {
  const std::vector<float> sides = floats_of(object["box"]);
  if (sides.size() != 4) return std::nullopt;
  return std::array<float, 4>{sides[0], sides[1], sides[2], sides[3]};
}

PointPrompt point_prompt_of(const val& object) {
  PointPrompt prompt;
  prompt.object = int_or(object, "object", 0);
  prompt.frame = int_or(object, "frame", 0);
  prompt.points = points_of(object);
  prompt.box = box_of(object);
  prompt.clear_old_points = !bool_or(object, "keepOld", false);
  return prompt;
}

ImagePrompt image_prompt_of(const val& object) {
  ImagePrompt prompt;
  prompt.points = points_of(object);
  prompt.box = box_of(object);
  prompt.mask_input = floats_of(object["maskInput"]);
  prompt.multimask = bool_or(object, "multimask", prompt.multimask);
  return prompt;
}

val to_value(const Step& step) {
  val value = val::object();
  std::visit([&](const auto& kind) { describe(kind, value); }, step);
  return value;
}

Result<Tensor> tensor_of(const val& object) {
  const std::string type = string_or(object, "type", "");
  const std::optional<DType> dtype = dtype_of(type);
  if (!dtype) return Error{ErrorCode::step_mismatch, "an output is of type '" + type + "', which core does not take"};
  Shape shape;
  for (float size : floats_of(object["dims"])) shape.push_back(static_cast<std::int64_t>(size));
  Tensor tensor(*dtype, std::move(shape));
  const val data = object["data"];
  if (data["length"].as<std::size_t>() != tensor.bytes.size())
    return Error{ErrorCode::step_mismatch, "an output of shape " + to_string(tensor.shape) + " brings " +
                                               std::to_string(data["length"].as<std::size_t>()) + " bytes instead of " +
                                               std::to_string(tensor.bytes.size())};
  read_bytes(data, tensor.bytes);
  return tensor;
}

Result<VideoFrame> video_frame_of(const val& object, std::span<const std::uint8_t> data) {
  VideoFrame frame;
  const std::string format = string_or(object, "format", "");
  const std::optional<PixelFormat> known = pixel_format_of(format);
  if (!known)
    return Error{ErrorCode::unsupported_file, "pixel format '" + format + "' is not one that core converts"};
  frame.format = *known;
  frame.width = int_or(object, "width", 0);
  frame.height = int_or(object, "height", 0);
  MASKLET_TRY(check_image_size("the video frame", frame.width, frame.height));
  MASKLET_ASSIGN(frame.matrix, matrix_of(string_or(object, "matrix", ""), frame.width, frame.height));
  frame.full_range = bool_or(object, "fullRange", false);
  frame.quarter_turns = int_or(object, "quarterTurns", 0);
  const val planes = object["planes"];
  if (planes["length"].as<int>() != plane_count(frame.format))
    return Error{ErrorCode::invalid_argument, "a frame in " + format + " has " +
                                                  std::to_string(plane_count(frame.format)) + " planes, not " +
                                                  std::to_string(planes["length"].as<int>())};
  for (int i = 0; i < plane_count(frame.format); ++i) {
    const std::int64_t offset = int_or(planes[i], "offset", 0), stride = int_or(planes[i], "stride", 0);
    const PlaneSize size = plane_size(frame.format, i, frame.width, frame.height);
    const std::int64_t end = offset + stride * (size.rows - 1) + size.row_bytes;
    if (offset < 0 || stride < size.row_bytes || end > static_cast<std::int64_t>(data.size()))
      return Error{ErrorCode::invalid_argument,
                   "plane " + std::to_string(i) + " of a frame in " + format + " ends at byte " + std::to_string(end) +
                       " of " + std::to_string(data.size()) + ", with rows of " + std::to_string(stride) + " bytes"};
    frame.planes[i] = {data.data() + offset, static_cast<std::ptrdiff_t>(stride)};
  }
  return frame;
}

}  // namespace masklet::wasm
