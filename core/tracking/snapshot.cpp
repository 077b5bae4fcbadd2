#include "core/tracking/snapshot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "core/base/json_fields.h"
#include "core/tracking/record_bytes.h"
#include "core/weights/safetensors_reader.h"

namespace masklet {
namespace {

using nlohmann::json;

constexpr int kVersion = 2;
constexpr const char* kSessionTensor = "session";
constexpr const char* kResultsTensor = "results";

struct DetailText {
  const char* name;
  std::string SessionDetails::* text;
};
constexpr std::array<DetailText, 5> kDetailTexts = {{{"clip_name", &SessionDetails::clip_name},
                                                     {"clip_fingerprint", &SessionDetails::clip_fingerprint},
                                                     {"model_name", &SessionDetails::model_name},
                                                     {"model_fingerprint", &SessionDetails::model_fingerprint},
                                                     {"direction", &SessionDetails::direction}}};

struct RecordKind {
  const char* name;
  Records ObjectTrack::* records;
  bool needs_logits;  // a prompt's memory is made of them
  bool needs_memory;  // tracking attends to at least one
};
/// Kinds of which there are few: each record is described, and its arrays are tensors of their own.
constexpr std::array<RecordKind, 3> kRecordKinds = {
    {{"conditioning", &ObjectTrack::conditioning, true, true},
     {"pending_conditioning", &ObjectTrack::pending_conditioning, true, false},
     {"pending_tracked", &ObjectTrack::pending_tracked, true, false}}};

/// Tracked records, of which there may be one a frame, lie packed one behind the other in tensors of about this size,
/// "o3.tracked.0" and so on: the file's header stays small, and one of them at a time is in memory.
constexpr std::size_t kBlockBytes = 1 << 20;

std::int64_t block_records(const Architecture& architecture) {
  return static_cast<std::int64_t>(std::max<std::size_t>(1, kBlockBytes / record_bytes(architecture)));
}

std::string block_name(int object, int block) {
  return "o" + std::to_string(object) + ".tracked." + std::to_string(block);
}

/// Name of one array of a record: "o3.tracked.f12.logits".
std::string array_name(int object, const char* kind, int frame, const char* array) {
  return "o" + std::to_string(object) + "." + kind + ".f" + std::to_string(frame) + "." + array;
}

// ---- writing ----

/// [[first, last], ...], both inclusive.
json runs_json(const FrameSet& frames) {
  json runs = json::array();
  for (const auto& [first, last] : frames.runs()) runs.push_back({first, last});
  return runs;
}

json options_json(const TrackingOptions& o) {
  return {{"keep_corrections", o.keep_corrections},
          {"fill_hole_area", o.fill_hole_area},
          {"memory_stride", o.memory_stride},
          {"max_conditioning_frames", o.max_conditioning_frames},
          {"max_object_pointers", o.max_object_pointers},
          {"memories", o.memories},
          {"memory_policy", memory_policy_name(o.memory_policy)},
          {"min_memory_iou", o.min_memory_iou},
          {"clear_memory_around_prompts", o.clear_memory_around_prompts},
          {"non_overlapping_masks", o.non_overlapping_masks},
          {"history_frames", o.history_frames},
          {"cached_frames", o.cached_frames}};
}

/// Names of files need not be UTF-8, a .safetensors file's metadata must be.
std::string as_utf8(const std::string& text) {
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
}

/// An object's tracked records: those in memory, and those in the store where one is given.
class TrackedRecords {
 public:
  TrackedRecords(const Architecture& architecture, RecordStore* store) : architecture_(architecture), store_(store) {}

  bool leaves_stored() const { return store_ == nullptr; }

  FrameSet frames(const ObjectTrack& track) const {
    FrameSet all;
    for (const auto& [frame, record] : track.tracked) all.insert(frame);
    if (store_) {
      for (const auto& [first, last] : track.stored.runs()) all.insert(first, last);
    }
    return all;
  }

  Result<Tensor> block(const ObjectTrack& track, std::span<const int> frames) const {
    const std::size_t each = record_bytes(architecture_);
    Tensor tensor(DType::u8, {static_cast<std::int64_t>(frames.size() * each)});
    std::span<std::byte> left(tensor.bytes);
    for (int frame : frames) {
      if (const auto it = track.tracked.find(frame); it != track.tracked.end())
        pack_record(it->second, architecture_, left.first(each));
      else
        MASKLET_TRY(store_->read(track.id, frame, left.first(each)));
      left = left.subspan(each);
    }
    return tensor;
  }

 private:
  const Architecture& architecture_;
  RecordStore* store_;
};

json track_json(const ObjectTrack& track, const TrackedRecords& tracked) {
  json prompts = json::array(), object = {{"id", track.id}};
  for (const auto& [frame, prompt] : track.prompts) {
    json points = json::array();
    for (const Point& point : prompt.points) points.push_back({point.x, point.y, point.label});
    prompts.push_back({{"frame", frame}, {"points", points}, {"is_mask", prompt.is_mask}});
    if (!prompt.mask_name.empty()) prompts.back()["mask_name"] = prompt.mask_name;
  }
  object["prompts"] = prompts;
  object["passed_forward"] = runs_json(track.passed_forward);
  object["passed_in_reverse"] = runs_json(track.passed_in_reverse);
  object["tracked"] = runs_json(tracked.frames(track));
  if (tracked.leaves_stored() && !track.stored.empty()) {
    object["stored"] = runs_json(track.stored);
    json ious = json::array();
    for (const auto& [frame, iou] : track.stored_ious) ious.push_back({{"frame", frame}, {"iou", iou}});
    object["stored_ious"] = ious;
  }
  for (const RecordKind& kind : kRecordKinds) {
    json records = json::array();
    for (const auto& [frame, record] : track.*kind.records)
      records.push_back({{"frame", frame},
                         {"object_score", record.object_score},
                         {"iou", record.iou},
                         {"order", record.order},
                         {"has_logits", !record.logits.empty()},
                         {"has_memory", !record.memory.empty()}});
    object[kind.name] = records;
  }
  return object;
}

json state_json(const SessionState& state, const Architecture& architecture, const TrackedRecords& tracked) {
  json objects = json::array();
  for (const ObjectTrack& track : state.objects) objects.push_back(track_json(track, tracked));
  json session = {{"version", kVersion},
                  {"architecture", to_json(architecture)},
                  {"clip", {{"width", state.clip.width},
                            {"height", state.clip.height},
                            {"frame_count", state.clip.frame_count}}},
                  {"options", options_json(state.options)},
                  {"next_order", state.next_order},
                  {"objects", objects}};
  if (const std::optional<Propagation>& p = state.propagation)
    session["propagation"] = {{"next", p->next}, {"last", p->last}, {"reverse", p->reverse}};
  return session;
}

template <class T>
Tensor array_tensor(DType dtype, const std::vector<T>& values) {
  Tensor tensor(dtype, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.as<T>().begin());
  return tensor;
}

Tensor text_tensor(const std::string& text) {
  return array_tensor(DType::u8, std::vector<std::uint8_t>(text.begin(), text.end()));
}

/// A tensor to be written, made when its turn comes.
struct Entry {
  TensorInfo info;
  std::function<Result<Tensor>()> make;
};

template <class T>
void list_array(std::vector<Entry>& entries, const std::string& name, DType dtype, const std::vector<T>& values) {
  if (!values.empty())
    entries.push_back({{name, dtype, {static_cast<std::int64_t>(values.size())}},
                       [dtype, &values]() -> Result<Tensor> { return array_tensor(dtype, values); }});
}

void list_track(std::vector<Entry>& entries, const ObjectTrack& track, const TrackedRecords& tracked,
                const Architecture& architecture) {
  for (const RecordKind& kind : kRecordKinds) {
    for (const auto& [frame, record] : track.*kind.records) {
      list_array(entries, array_name(track.id, kind.name, frame, "logits"), DType::f32, record.logits);
      list_array(entries, array_name(track.id, kind.name, frame, "pointer"), DType::f32, record.pointer);
      list_array(entries, array_name(track.id, kind.name, frame, "memory"), DType::bf16, record.memory);
    }
  }
  std::vector<int> frames;
  int blocks = 0;
  const auto end_block = [&] {
    const auto size = static_cast<std::int64_t>(frames.size() * record_bytes(architecture));
    entries.push_back({{block_name(track.id, blocks++), DType::u8, {size}},
                       [&track, &tracked, frames] { return tracked.block(track, frames); }});
    frames.clear();
  };
  const FrameSet all = tracked.frames(track);
  for (const auto& [first, last] : all.runs()) {
    for (int frame = first; frame <= last; ++frame) {
      frames.push_back(frame);
      if (static_cast<std::int64_t>(frames.size()) == block_records(architecture)) end_block();
    }
  }
  if (!frames.empty()) end_block();
}

// ---- reading ----

Error corrupt(const std::string& why) { return {ErrorCode::corrupt_file, "the saved session " + why}; }

TrackingOptions read_options(JsonFields& fields) {
  TrackingOptions o;
  o.keep_corrections = fields.boolean_or("keep_corrections", o.keep_corrections);
  o.fill_hole_area = fields.integer("fill_hole_area");
  o.memory_stride = fields.integer("memory_stride");
  o.max_conditioning_frames = fields.integer("max_conditioning_frames");
  o.max_object_pointers = fields.integer("max_object_pointers");
  o.memories = fields.integer("memories");
  read_memory_policy(fields, o);
  o.clear_memory_around_prompts = fields.boolean_or("clear_memory_around_prompts", o.clear_memory_around_prompts);
  o.non_overlapping_masks = fields.boolean_or("non_overlapping_masks", o.non_overlapping_masks);
  o.history_frames = fields.integer("history_frames");
  o.cached_frames = fields.integer("cached_frames");
  return o;
}

/// A record's arrays, of the sizes that the architecture gives them.
class ArrayReader {
 public:
  ArrayReader(Checkpoint& file, const Architecture& a) : file_(file), a_(a) {}

  template <class T>
  Status read(const std::string& name, DType dtype, std::size_t size, std::vector<T>& out) {
    const TensorInfo* info = file_.find(name);
    if (!info || info->dtype != dtype || element_count(info->shape) != static_cast<std::int64_t>(size))
      return corrupt("lacks the array '" + name + "' of " + std::to_string(size) + " elements");
    MASKLET_ASSIGN(const Tensor tensor, file_.read(name));
    const auto values = tensor.as<T>();
    out.assign(values.begin(), values.end());
    return {};
  }

  Status read_record(const std::string& stem, bool has_logits, bool has_memory, FrameRecord& record) {
    const std::size_t side = a_.low_res_size();
    if (has_logits) MASKLET_TRY(read(stem + "logits", DType::f32, side * side, record.logits));
    MASKLET_TRY(read(stem + "pointer", DType::f32, a_.d_model, record.pointer));
    const std::size_t memory = static_cast<std::size_t>(a_.feature_tokens()) * a_.mem_dim;
    if (has_memory) MASKLET_TRY(read(stem + "memory", DType::bf16, memory, record.memory));
    return {};
  }

 private:
  Checkpoint& file_;
  const Architecture& a_;
};

float number(JsonFields& fields, const char* key) {
  const json* value = fields.field(key);
  if (value && value->is_number() && std::isfinite(value->get<float>())) return value->get<float>();
  fields.refuse(key, "it must be a finite number");
  return 0;
}

std::uint64_t rank(JsonFields& fields, const char* key) {
  const json* value = fields.field(key);
  if (value && value->is_number_unsigned()) return value->get<std::uint64_t>();
  fields.refuse(key, "it must be a whole number of 0 or more");
  return 0;
}

/// The items of an array field; none where it is not one, which is an error then.
const json& items(JsonFields& fields, const char* key) {
  static const json none = json::array();
  const json* value = fields.field(key);
  if (value && value->is_array()) return *value;
  fields.refuse(key, "it must be an array");
  return none;
}

Status check_frame(int frame) {
  if (frame >= 0 && frame < kMaxFrames) return {};
  return corrupt("speaks of frame " + std::to_string(frame) + ", which no clip has");
}

/// What runs_json wrote.
Status read_runs(const json& list, FrameSet& frames) {
  for (const json& run : list) {
    const bool is_pair = run.is_array() && run.size() == 2 && run[0].is_number_integer() && run[1].is_number_integer();
    const std::int64_t first = is_pair ? run[0].get<std::int64_t>() : -1, last = is_pair ? run[1].get<std::int64_t>() : -1;
    if (first < 0 || last < first || last >= kMaxFrames)
      return corrupt("holds " + run.dump() + " where the first and the last of some frames should be");
    frames.insert(static_cast<int>(first), static_cast<int>(last));
  }
  return {};
}

/// What save_state left in the store.
Status read_stored(JsonFields& fields, const RecordStore* store, ObjectTrack& track) {
  if (!fields.has("stored")) return {};
  MASKLET_TRY(read_runs(items(fields, "stored"), track.stored));
  if (!store)
    return corrupt("was kept beside the file with its tracked frames, which is not there; save the session itself");
  for (const json& item : items(fields, "stored_ious")) {
    JsonFields entry(item, "saved stored frame");
    const int frame = entry.integer("frame");
    track.stored_ious[frame] = number(entry, "iou");
    MASKLET_TRY(entry.finish());
    if (!track.stored.contains(frame)) return corrupt("has an IoU of frame " + std::to_string(frame) + ", which is not stored");
  }
  return {};
}

Status read_prompts(const json& list, ObjectTrack& track) {
  for (const json& item : list) {
    JsonFields fields(item, "saved prompt");
    Prompt prompt;
    const int frame = fields.integer("frame");
    prompt.is_mask = fields.boolean_or("is_mask", false);
    prompt.mask_name = fields.text_or("mask_name", "");
    for (const std::vector<float>& point : fields.rows("points", 3)) {
      if (!(point[2] >= 0 && point[2] <= 3)) return corrupt("holds a point with a label that is not 0 to 3");
      prompt.points.push_back({point[0], point[1], static_cast<int>(point[2])});
    }
    MASKLET_TRY(fields.finish());
    MASKLET_TRY(check_frame(frame));
    if (!track.prompts.emplace(frame, std::move(prompt)).second)
      return corrupt("prompts frame " + std::to_string(frame) + " twice");
  }
  return {};
}

/// Puts tracked records into memory, or into a store where one is given.
class TrackedWriter {
 public:
  TrackedWriter(const Architecture& architecture, RecordStore* store) : architecture_(architecture), store_(store) {}

  const RecordStore* store() const { return store_; }
  const Architecture& architecture() const { return architecture_; }

  Status write(ObjectTrack& track, int frame, std::span<const std::byte> bytes) {
    FrameRecord record = unpack_record(bytes, architecture_);
    const std::string which = "the tracked frame " + std::to_string(frame);
    if (!std::isfinite(record.object_score) || !std::isfinite(record.iou)) return corrupt("has no score of " + which);
    if (!store_) {
      track.tracked.emplace(frame, std::move(record));
      return {};
    }
    if (track.stored.contains(frame)) return corrupt("holds " + which + " twice");
    MASKLET_TRY(store_->write(track.id, frame, bytes));
    track.stored.insert(frame);
    if (may_anchor(record)) track.stored_ious[frame] = record.iou;
    return {};
  }

 private:
  const Architecture& architecture_;
  RecordStore* store_;
};

/// Block by block, so that frames which a damaged file only claims to have are found missing at once.
Status read_tracked(const json& list, ObjectTrack& track, ArrayReader& arrays, TrackedWriter& writer) {
  FrameSet frames;
  MASKLET_TRY(read_runs(list, frames));
  const std::size_t each = record_bytes(writer.architecture());
  std::int64_t left = 0;
  for (const auto& [first, last] : frames.runs()) left += std::int64_t{last} - first + 1;
  std::vector<std::byte> block;
  std::size_t at = 0;
  int blocks = 0;
  for (const auto& [first, last] : frames.runs()) {
    for (int frame = first; frame <= last; ++frame, --left) {
      if (at == block.size()) {
        const auto records = static_cast<std::size_t>(std::min(left, block_records(writer.architecture())));
        MASKLET_TRY(arrays.read(block_name(track.id, blocks++), DType::u8, records * each, block));
        at = 0;
      }
      MASKLET_TRY(writer.write(track, frame, std::span(block).subspan(at, each)));
      at += each;
    }
  }
  return {};
}

Status read_records(const json& list, ObjectTrack& track, const RecordKind& kind, ArrayReader& arrays) {
  for (const json& item : list) {
    JsonFields fields(item, std::string("saved ") + kind.name + " record");
    FrameRecord record;
    const int frame = fields.integer("frame");
    record.object_score = number(fields, "object_score");
    record.iou = number(fields, "iou");
    record.order = rank(fields, "order");
    const bool has_logits = fields.boolean_or("has_logits", false);
    const bool has_memory = fields.boolean_or("has_memory", false);
    MASKLET_TRY(fields.finish());
    MASKLET_TRY(check_frame(frame));
    if ((kind.needs_logits && !has_logits) || (kind.needs_memory && !has_memory))
      return corrupt(std::string("has no mask or no memory for the ") + kind.name + " frame " + std::to_string(frame));
    MASKLET_TRY(arrays.read_record(array_name(track.id, kind.name, frame, ""), has_logits, has_memory, record));
    if (!(track.*kind.records).emplace(frame, std::move(record)).second)
      return corrupt(std::string("holds the ") + kind.name + " frame " + std::to_string(frame) + " twice");
  }
  return {};
}

Result<ObjectTrack> read_track(const json& item, ArrayReader& arrays, TrackedWriter& writer) {
  JsonFields fields(item, "saved object");
  ObjectTrack track;
  track.id = fields.integer("id");
  MASKLET_TRY(read_prompts(items(fields, "prompts"), track));
  MASKLET_TRY(read_runs(items(fields, "passed_forward"), track.passed_forward));
  MASKLET_TRY(read_runs(items(fields, "passed_in_reverse"), track.passed_in_reverse));
  MASKLET_TRY(read_stored(fields, writer.store(), track));
  for (const RecordKind& kind : kRecordKinds)
    MASKLET_TRY(read_records(items(fields, kind.name), track, kind, arrays));
  MASKLET_TRY(read_tracked(items(fields, "tracked"), track, arrays, writer));
  MASKLET_TRY(fields.finish());
  return track;
}

Status check_architecture(const std::string& saved, const Architecture& architecture) {
  if (saved == to_json(architecture)) return {};
  Result<Architecture> other = parse_architecture(saved);
  const int image_size = other ? other->image_size : 0;
  if (other) other->image_size = architecture.image_size;
  if (other && to_json(*other) == to_json(architecture))
    return Error{ErrorCode::weights_mismatch, "the saved session has the input size " + std::to_string(image_size) +
                                                  " and the model was opened at " +
                                                  std::to_string(architecture.image_size) + "; open it at " +
                                                  std::to_string(image_size)};
  return Error{ErrorCode::weights_mismatch,
               "the saved session belongs to a model of another architecture; open the model that it was made with"};
}

Result<json> read_description(Checkpoint& file) {
  if (!file.find(kSessionTensor)) return corrupt("is none: the file holds tensors, but no session");
  MASKLET_ASSIGN(const Tensor bytes, file.read(kSessionTensor));
  const auto text = bytes.as<char>();
  json session = json::parse(text.begin(), text.end(), nullptr, false);
  if (session.is_discarded()) return corrupt("is damaged: its description is not JSON");
  return session;
}

Result<SessionState> read_state(std::shared_ptr<ByteSource> source, const Architecture& architecture,
                                RecordStore* store) {
  MASKLET_ASSIGN(const std::unique_ptr<Checkpoint> file, open_checkpoint(std::move(source)));
  MASKLET_ASSIGN(const json session, read_description(*file));
  JsonFields fields(session, "saved session");
  if (const int version = fields.integer("version"); version != kVersion)
    return Error{ErrorCode::unsupported_file, "the saved session is of version " + std::to_string(version) +
                                                  "; this masklet reads version " + std::to_string(kVersion) +
                                                  ", take the one that saved it"};
  MASKLET_TRY(check_architecture(fields.text("architecture"), architecture));
  SessionState state;
  const json empty = json::object();
  const json* clip_json = fields.field("clip");
  const json* options = fields.field("options");
  JsonFields clip(clip_json ? *clip_json : empty, "saved clip");
  state.clip = {clip.integer("width"), clip.integer("height"), clip.integer("frame_count")};
  MASKLET_TRY(clip.finish());
  JsonFields option_fields(options ? *options : empty, "saved options");
  state.options = read_options(option_fields);
  MASKLET_TRY(option_fields.finish());
  state.next_order = rank(fields, "next_order");
  if (const json* p = fields.field("propagation")) {
    JsonFields propagation(*p, "saved propagation");
    state.propagation =
        Propagation{propagation.integer("next"), propagation.integer("last"), propagation.boolean_or("reverse", false)};
    MASKLET_TRY(propagation.finish());
    const auto& [next, last, reverse] = *state.propagation;
    if (next < (reverse ? -1 : 0) || next > kMaxFrames || last < 0 || last > kMaxFrames)
      return corrupt("is on the way from frame " + std::to_string(next) + " to " + std::to_string(last) +
                     ", which no clip has");
  }
  ArrayReader arrays(*file, architecture);
  TrackedWriter writer(architecture, store);
  for (const json& item : items(fields, "objects")) {
    MASKLET_ASSIGN(ObjectTrack track, read_track(item, arrays, writer));
    if (state.find(track.id)) return corrupt("holds object " + std::to_string(track.id) + " twice");
    if (state.options.memory_policy != MemoryPolicy::anchored) track.stored_ious.clear();
    state.objects.push_back(std::move(track));
  }
  MASKLET_TRY(fields.finish());
  return state;
}

}  // namespace

Status save_state(const SessionState& state, const Architecture& architecture, const ByteSink& sink,
                  const SessionDetails& details, RecordStore* store) {
  const TrackedRecords tracked(architecture, store);
  const std::string description =
      state_json(state, architecture, tracked).dump(-1, ' ', false, json::error_handler_t::replace);
  std::vector<Entry> entries;
  const auto list_text = [&](const char* name, const std::string& text) {
    entries.push_back({{name, DType::u8, {static_cast<std::int64_t>(text.size())}},
                       [&text]() -> Result<Tensor> { return text_tensor(text); }});
  };
  list_text(kSessionTensor, description);
  for (const ObjectTrack& track : state.objects) list_track(entries, track, tracked, architecture);
  if (!details.results.empty()) list_text(kResultsTensor, details.results);
  std::vector<TensorInfo> infos;
  for (const Entry& entry : entries) infos.push_back(entry.info);
  if (details.results.empty() && details.results_bytes)
    infos.push_back({kResultsTensor, DType::u8, {static_cast<std::int64_t>(details.results_bytes)}});
  std::map<std::string, std::string> metadata;
  for (const DetailText& detail : kDetailTexts) {
    if (!(details.*detail.text).empty()) metadata[detail.name] = as_utf8(details.*detail.text);
  }
  return write_safetensors(infos, metadata, [&](std::size_t index) { return entries[index].make(); }, sink,
                           infos.size() - entries.size());
}

Result<SessionState> load_state(std::shared_ptr<ByteSource> source, const Architecture& architecture,
                                RecordStore* store) {
  Result<SessionState> state = read_state(std::move(source), architecture, store);
  // Fields that are missing or of another type: here the fault is the file's, not an argument's.
  if (!state && state.error().code == ErrorCode::invalid_argument)
    return Error{ErrorCode::corrupt_file, state.error().message};
  return state;
}

Result<Architecture> load_architecture(std::shared_ptr<ByteSource> source) {
  MASKLET_ASSIGN(const std::unique_ptr<Checkpoint> file, open_checkpoint(std::move(source)));
  MASKLET_ASSIGN(const json session, read_description(*file));
  const auto text = session.find("architecture");
  if (text == session.end() || !text->is_string()) return corrupt("does not say which architecture it is for");
  return parse_architecture(text->get<std::string>());
}

Status check_same_files(const SessionDetails& saved, const SessionDetails& given) {
  const auto differ = [](const std::string& a, const std::string& b) { return !a.empty() && !b.empty() && a != b; };
  if (differ(saved.model_fingerprint, given.model_fingerprint))
    return Error{ErrorCode::weights_mismatch, "the session was saved with the model '" + saved.model_name +
                                                  "', whose weights are others than those of '" + given.model_name +
                                                  "'; open that model"};
  if (differ(saved.clip_fingerprint, given.clip_fingerprint))
    return Error{ErrorCode::invalid_argument, "the session was saved with the clip '" + saved.clip_name + "', and '" +
                                                  given.clip_name + "' is another file; open that one"};
  return {};
}

Status check_same_size(const Clip& saved, const Clip& given) {
  const auto text = [](const Clip& clip) {
    return std::to_string(clip.frame_count) + " frames of " + std::to_string(clip.width) + " x " +
           std::to_string(clip.height);
  };
  if (text(saved) == text(given)) return {};
  const bool is_scaled = saved.width != given.width || saved.height != given.height;
  return Error{ErrorCode::invalid_argument, "the session was saved with a clip of " + text(saved) +
                                                " pixels, and this one has " + text(given) +
                                                "; open that clip" + (is_scaled ? ", scaled down as it was then" : "")};
}

Result<SessionDetails> load_details(std::shared_ptr<ByteSource> source, bool with_results) {
  MASKLET_ASSIGN(const std::unique_ptr<SafetensorsFile> file, SafetensorsFile::open(std::move(source)));
  if (!file->find(kSessionTensor)) return corrupt("is none: the file holds tensors, but no session");
  SessionDetails details;
  for (const DetailText& detail : kDetailTexts) {
    const auto found = file->metadata().find(detail.name);
    if (found != file->metadata().end()) details.*detail.text = found->second;
  }
  if (const TensorInfo* results = file->find(kResultsTensor)) {
    if (results->dtype != DType::u8) return corrupt("holds results that are not text");
    if (!with_results) {
      if (results != &file->tensors().back()) return corrupt("has its results elsewhere than at its end");
      details.results_bytes = static_cast<std::uint64_t>(element_count(results->shape));
      return details;
    }
    MASKLET_ASSIGN(const Tensor bytes, file->read(kResultsTensor));
    const auto text = bytes.as<char>();
    details.results.assign(text.begin(), text.end());
  }
  return details;
}

}  // namespace masklet
