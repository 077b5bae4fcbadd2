#include "core/tracking/tracker.h"

#include <algorithm>

#include "core/mask/connected_components.h"
#include "core/tracking/mask_prompt.h"
#include "core/tracking/prompt.h"

namespace masklet {
namespace {

constexpr float kPromptLogitLimit = 32.0f;  // previous logits are clamped before they become a prompt
constexpr float kFilledHole = 0.1f;

/// The record that a new prompt on the frame refines, if it still has its logits.
const FrameRecord* previous_record(const ObjectTrack& track, const Records& pending, int frame) {
  for (const Records* records : {&pending, &track.conditioning, &track.tracked}) {
    if (const auto it = records->find(frame); it != records->end()) return &it->second;
  }
  return nullptr;
}

/// Whether a prompt on the frame corrects what tracking found there, with memory, rather than starting afresh. Without
/// any conditioning frame left there is no memory to attend to.
bool corrects(const ObjectTrack& track, int frame) {
  return track.passed(frame) && !track.conditioning.empty();
}

/// Puts a record in, keeping the rank of the one that it replaces.
void insert_record(Records& records, int frame, FrameRecord record, std::uint64_t& next_order) {
  const auto it = records.find(frame);
  record.order = it == records.end() ? next_order++ : it->second.order;
  records.insert_or_assign(frame, std::move(record));
}

/// Tells the host's tensor to go when the coroutine that asked for it ends, however it ends.
class ScopedTensor {
 public:
  ScopedTensor(NetworksRunner& networks, TensorHandle handle) : networks_(networks), handle_(handle) {}
  ScopedTensor(const ScopedTensor&) = delete;
  ScopedTensor& operator=(const ScopedTensor&) = delete;
  ~ScopedTensor() { networks_.release(handle_); }

 private:
  NetworksRunner& networks_;
  TensorHandle handle_;
};

FrameRecord record_of(const SelectedMask& mask) {
  const std::size_t pixels = static_cast<std::size_t>(mask.masks_khw.shape[1] * mask.masks_khw.shape[2]);
  const auto logits = mask.masks_khw.f32().subspan(mask.best * pixels, pixels);
  FrameRecord record;
  record.logits.assign(logits.begin(), logits.end());
  record.pointer = mask.pointer;
  record.object_score = mask.object_score;
  record.iou = mask.ious[mask.best];
  return record;
}

}  // namespace

Tracker::Tracker(const Model& model, SessionState& state, StepMachine& machine, const SessionHost& host,
                 MemoryAccount& account)
    : model_(model),
      state_(state),
      machine_(machine),
      account_(account),
      networks_(model, machine, &account),
      cache_(state.options.cached_frames),
      store_(model.architecture, state, host, account),
      encodes_ahead_(host.encodes_ahead && state.clip.frame_count > 0 && cache_.capacity() > 1) {}

Task<Result<FrameFeatures>> Tracker::frame_features(int frame) {
  if (const std::optional<FrameFeatures> cached = cache_.find(frame)) co_return *cached;
  Task<Result<FrameFeatures>> encoding = encode_frame(frame);
  Result<FrameFeatures> features = co_await encoding;
  MASKLET_CO_TRY(features);
  cache_.insert(frame, *features);
  co_return features;
}

Task<Status> Tracker::encode_ahead() {
  Propagation after = *state_.propagation;
  after.next += after.reverse ? -1 : 1;
  if (after.over() || after.next >= state_.clip.frame_count || cache_.contains(after.next)) co_return Status();
  Task<Result<FrameFeatures>> encoding = encode_frame(after.next);
  Result<FrameFeatures> features = co_await encoding;
  MASKLET_CO_TRY(features);
  cache_.insert_ahead(after.next, *features);
  co_return Status();
}

Task<Result<FrameFeatures>> Tracker::encode_frame(int frame) {
  WaitForHost host{machine_, Step(NeedFrame{frame})};
  Answer answer = co_await host;
  if (auto* error = std::get_if<Error>(&answer)) co_return std::move(*error);
  if (std::holds_alternative<EndOfClip>(answer)) {
    state_.clip.frame_count = std::max(frame, 1);
    co_return Error{ErrorCode::frame_out_of_range, "the clip ended before frame " + std::to_string(frame) + "; it has " +
                                                       std::to_string(frame) + " frames"};
  }
  const ImageView& pixels = std::get<ImageView>(answer);
  const int size = model_.architecture.image_size;
  if (!resizer_) resizer_.emplace(pixels.width, pixels.height, size, size);
  Tensor image(DType::u8, {size, size, 3});
  resizer_->resize(pixels, image.as<std::uint8_t>());
  account_.touch(MemoryCategory::frames, image.bytes.size());
  if (on_input) on_input(frame, image);

  cache_.make_room(networks_);
  Task<Result<FrameFeatures>> encoding = networks_.encode_image(std::move(image));
  co_return co_await encoding;
}

/// `memories` null: the frame's own features are decoded.
Task<Result<SelectedMask>> Tracker::decode(int object, int frame, FrameFeatures features,
                                           const MemorySelection* memories, bool add_no_memory, DecoderPrompt prompt,
                                           bool multimask) {
  TensorHandle tokens = features.vision_tokens;
  std::optional<ScopedTensor> conditioned;
  if (memories) {
    Task<Result<TensorHandle>> conditioning = networks_.condition_on_memory(features, *memories);
    Result<TensorHandle> handle = co_await conditioning;
    MASKLET_CO_TRY(handle);
    conditioned.emplace(networks_, *handle);
    tokens = *handle;
  }
  Task<Result<DecoderOutputs>> decoding = networks_.decode_mask(features, tokens, add_no_memory, std::move(prompt));
  Result<DecoderOutputs> outputs = co_await decoding;
  MASKLET_CO_TRY(outputs);
  SelectedMask mask = select_mask(*outputs, multimask);
  gate_by_object_score(mask, model_.constants);
  if (on_decode) on_decode({object, frame, mask});
  co_return mask;
}

Task<Status> Tracker::prompt_with_points(int object, int frame, Prompt prompt) {
  Task<Result<FrameFeatures>> encoding = frame_features(frame);
  Result<FrameFeatures> features = co_await encoding;
  MASKLET_CO_TRY(features);

  ObjectTrack fresh;
  fresh.id = object;
  ObjectTrack* known = state_.find(object);
  if (known) MASKLET_CO_TRY(store_.fetch_behind(*known, frame, known->passed_in_reverse.contains(frame)));
  const ObjectTrack& track = known ? *known : fresh;
  const bool correction = corrects(track, frame);
  const bool conditions = !correction || state_.options.keep_corrections;
  if (conditions) MASKLET_CO_TRY(store_.check_prompted(track, frame));

  DecoderPrompt decoder = decoder_prompt(prompt.points);
  const Records& pending = conditions ? track.pending_conditioning : track.pending_tracked;
  if (const FrameRecord* previous = previous_record(track, pending, frame)) {
    decoder.mask = previous->logits;
    for (float& logit : decoder.mask) logit = std::clamp(logit, -kPromptLogitLimit, kPromptLogitLimit);
  }
  // A correction attends to memory in the direction in which tracking reached the frame.
  MemorySelection memories;
  if (correction) {
    const bool reverse = track.passed_in_reverse.contains(frame);
    memories = select_memories(track, frame, reverse, state_, model_.architecture.num_maskmem);
  }
  Task<Result<SelectedMask>> decoding = decode(object, frame, *features, correction ? &memories : nullptr, !correction,
                                               std::move(decoder), uses_multimask(prompt.points.size()));
  Result<SelectedMask> mask = co_await decoding;
  MASKLET_CO_TRY(mask);

  FrameRecord record = record_of(*mask);
  fill_holes_if_asked(record);
  if (!known) state_.objects.push_back(fresh);
  ObjectTrack& changed = *state_.find(object);
  insert_record(conditions ? changed.pending_conditioning : changed.pending_tracked, frame, std::move(record),
                state_.next_order);
  changed.prompts.insert_or_assign(frame, std::move(prompt));
  Task<Status> reporting = report(frame);
  co_return co_await reporting;
}

Task<Status> Tracker::prompt_with_mask(int object, int frame, std::vector<std::uint8_t> mask, std::string name) {
  Task<Result<FrameFeatures>> encoding = frame_features(frame);
  Result<FrameFeatures> features = co_await encoding;
  MASKLET_CO_TRY(features);

  // The mask is the answer; the decoder is only asked for its pointer, on features without memory.
  DecoderPrompt decoder = decoder_prompt({});
  decoder.mask = downsample_mask(mask, model_.architecture.image_size, model_.constants);
  Task<Result<SelectedMask>> decoding = decode(object, frame, *features, nullptr, false, std::move(decoder), false);
  Result<SelectedMask> decoded = co_await decoding;
  MASKLET_CO_TRY(decoded);

  const bool present = std::find(mask.begin(), mask.end(), 1) != mask.end();
  FrameRecord record;
  record.logits = mask_logits(mask, model_.architecture.image_size);
  record.pointer = present ? decoded->pointer : model_.constants.no_object_pointer;
  record.object_score = present ? 10.0f : -10.0f;
  record.iou = 1.0f;
  fill_holes_if_asked(record);

  ObjectTrack fresh;
  fresh.id = object;
  const ObjectTrack* known = state_.find(object);
  const bool conditions = !corrects(known ? *known : fresh, frame) || state_.options.keep_corrections;
  if (conditions) MASKLET_CO_TRY(store_.check_prompted(known ? *known : fresh, frame));
  if (!known) state_.objects.push_back(std::move(fresh));
  ObjectTrack& track = *state_.find(object);
  insert_record(conditions ? track.pending_conditioning : track.pending_tracked, frame, std::move(record),
                state_.next_order);
  track.prompts.insert_or_assign(frame, Prompt{{}, true, std::move(name)});
  Task<Status> reporting = report(frame);
  co_return co_await reporting;
}

Task<Status> Tracker::encode_pending(Records& pending) {
  for (auto& [frame, record] : pending) {
    if (!record.memory.empty()) continue;
    Task<Result<FrameFeatures>> encoding = frame_features(frame);
    Result<FrameFeatures> features = co_await encoding;
    MASKLET_CO_TRY(features);
    Task<Result<std::vector<std::uint16_t>>> remembering =
        networks_.encode_memory(*features, record.logits, true, !record.present());
    Result<std::vector<std::uint16_t>> memory = co_await remembering;
    MASKLET_CO_TRY(memory);
    record.memory = std::move(*memory);
  }
  co_return Status();
}

Task<Status> Tracker::encode_pending_memories() {
  for (ObjectTrack& track : state_.objects) {
    for (Records* pending : {&track.pending_tracked, &track.pending_conditioning}) {
      Task<Status> encoding = encode_pending(*pending);
      Status status = co_await encoding;
      MASKLET_CO_TRY(status);
    }
  }
  co_return Status();
}

void Tracker::merge_pending() {
  const TrackingOptions& options = state_.options;
  const int memories = options.memories ? options.memories : model_.architecture.num_maskmem;
  const int around = options.memory_stride * memories;
  for (ObjectTrack& track : state_.objects) {
    for (const bool conditions : {false, true}) {
      Records& pending = conditions ? track.pending_conditioning : track.pending_tracked;
      std::vector<std::pair<std::uint64_t, int>> by_order;
      for (const auto& [frame, record] : pending) by_order.emplace_back(record.order, frame);
      std::sort(by_order.begin(), by_order.end());
      for (const auto& [order, frame] : by_order) {
        insert_record(conditions ? track.conditioning : track.tracked, frame, std::move(pending.at(frame)),
                      state_.next_order);
        if (!conditions) track.forget_stored(frame, frame);
        if (options.clear_memory_around_prompts) {
          track.tracked.erase(track.tracked.lower_bound(frame - around), track.tracked.upper_bound(frame + around));
          track.forget_stored(frame - around, frame + around);
        }
      }
      pending.clear();
    }
    for (const auto& [frame, record] : track.conditioning) {
      track.tracked.erase(frame);
      track.forget_stored(frame, frame);
    }
  }
}

Task<Result<FrameRecord>> Tracker::track_object(ObjectTrack& track, int frame, bool reverse) {
  Task<Result<FrameFeatures>> encoding = frame_features(frame);
  Result<FrameFeatures> features = co_await encoding;
  MASKLET_CO_TRY(features);
  if (encodes_ahead_) {
    Task<Status> looking = encode_ahead();
    // What is wrong with the next frame is heard when its turn comes: this one is not lost for it.
    const Status ahead = co_await looking;
    if (!ahead.ok() && ahead.error().code == ErrorCode::cancelled) co_return ahead.error();
  }
  MASKLET_CO_TRY(store_.fetch_behind(track, frame, reverse));
  const MemorySelection memories =
      select_memories(track, frame, reverse, state_, model_.architecture.num_maskmem);
  Task<Result<SelectedMask>> decoding =
      decode(track.id, frame, *features, &memories, false, decoder_prompt({}), uses_multimask(0));
  Result<SelectedMask> mask = co_await decoding;
  MASKLET_CO_TRY(mask);

  // What is remembered is the mask as decoded; only what is shown has its holes filled.
  FrameRecord record = record_of(*mask);
  Task<Result<std::vector<std::uint16_t>>> remembering =
      networks_.encode_memory(*features, record.logits, false, !record.present());
  Result<std::vector<std::uint16_t>> memory = co_await remembering;
  MASKLET_CO_TRY(memory);
  record.memory = std::move(*memory);
  fill_holes_if_asked(record);
  co_return record;
}

Task<Status> Tracker::propagate() {
  Task<Status> preparing = encode_pending_memories();
  Status prepared = co_await preparing;
  MASKLET_CO_TRY(prepared);
  merge_pending();

  while (state_.propagation && !state_.propagation->over()) {
    const int frame = state_.propagation->next;
    const bool reverse = state_.propagation->reverse;
    std::vector<std::optional<FrameRecord>> records(state_.objects.size());
    if (const Status room = store_.reserve_frame(); !room.ok()) {
      state_.propagation.reset();
      co_return room;
    }
    for (std::size_t i = 0; i < state_.objects.size(); ++i) {
      if (state_.objects[i].conditioning.contains(frame)) continue;
      Task<Result<FrameRecord>> tracking = track_object(state_.objects[i], frame, reverse);
      Result<FrameRecord> record = co_await tracking;
      if (!record.ok()) {
        const bool ended = state_.clip.frame_count > 0 && frame >= state_.clip.frame_count;
        if (!ended) co_return record.error();
        state_.propagation.reset();
        co_return Status();
      }
      records[i] = std::move(*record);
    }
    // The frame is done for every object: only now does the state change.
    for (std::size_t i = 0; i < records.size(); ++i) {
      ObjectTrack& track = state_.objects[i];
      if (records[i]) {
        insert_record(track.tracked, frame, std::move(*records[i]), state_.next_order);
        track.forget_stored(frame, frame);
      }
      track.set_passed(frame, reverse);
    }
    state_.propagation->next += reverse ? -1 : 1;
    store_.forget_history(frame);
    Task<Status> reporting = report(frame);
    Status reported = co_await reporting;
    MASKLET_CO_TRY(reported);
  }
  state_.propagation.reset();
  co_return Status();
}

Task<Status> Tracker::report(int frame) {
  Result<FrameResult> result = result_of(frame);
  MASKLET_CO_TRY(result);
  MASKLET_CO_TRY(store_.settle(frame));
  WaitForHost host{machine_, Step(FrameReady{std::move(*result)})};
  Answer answer = co_await host;
  if (auto* error = std::get_if<Error>(&answer)) co_return std::move(*error);
  co_return Status();
}

Result<FrameResult> Tracker::result_of(int frame) {
  FrameResult result{frame, {}};
  for (ObjectTrack& track : state_.objects) {
    MASKLET_TRY(store_.fetch(track, frame, frame));
    for (const Records* records :
         {&track.pending_conditioning, &track.pending_tracked, &track.conditioning, &track.tracked}) {
      const auto it = records->find(frame);
      if (it == records->end() || it->second.logits.empty()) continue;
      result.objects.push_back({track.id, it->second.logits, it->second.iou, it->second.object_score});
      break;
    }
  }
  const std::size_t side = model_.architecture.low_res_size();
  account_.touch(MemoryCategory::results, result.objects.size() * side * side * sizeof(float));
  return result;
}

void Tracker::fill_holes_if_asked(FrameRecord& record) const {
  const int side = model_.architecture.low_res_size();
  if (state_.options.fill_hole_area > 0)
    fill_holes(record.logits, side, side, state_.options.fill_hole_area, kFilledHole);
}

DecoderPrompt Tracker::decoder_prompt(const std::vector<Point>& points) const {
  DecoderPrompt prompt;
  append_points(prompt, points, state_.clip.width, state_.clip.height, model_.architecture.image_size);
  // The prompt encoder always gets one padding point, and one more where there is no point at all.
  append_padding(prompt, points.empty() ? 2 : 1);
  return prompt;
}

}  // namespace masklet
