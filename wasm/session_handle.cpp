#include "wasm/session_handle.h"

#include "core/effects/paint.h"
#include "core/tracking/snapshot.h"
#include "wasm/frame_value.h"
#include "wasm/js_source.h"
#include "wasm/values.h"

namespace masklet::wasm {
namespace {

val prompts_value(const ObjectTrack& track) {
  val prompts = val::array();
  for (const auto& [frame, prompt] : track.prompts) {
    val points = val::array(), labels = val::array();
    for (const Point& point : prompt.points) {
      points.call<void>("push", point.x, point.y);
      labels.call<void>("push", point.label);
    }
    val value = val::object();
    value.set("frame", frame);
    value.set("points", points);
    value.set("labels", labels);
    value.set("isMask", prompt.is_mask);
    value.set("maskName", prompt.mask_name);
    prompts.call<void>("push", value);
  }
  return prompts;
}

ByteSink append_to(std::vector<std::byte>& bytes) {
  return [&bytes](std::span<const std::byte> more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return Status();
  };
}

/// Hands bytes over to JavaScript in parts of about this size: neither side holds them all.
constexpr std::size_t kPartBytes = 1 << 20;

class Parts {
 public:
  explicit Parts(val take) : take_(std::move(take)) {}

  Status add(std::span<const std::byte> more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    if (bytes_.size() >= kPartBytes) flush();
    return {};
  }
  void flush() {
    if (!bytes_.empty()) take_(copy_bytes(std::span<const std::byte>(bytes_)));
    bytes_.clear();
  }

 private:
  val take_;
  std::vector<std::byte> bytes_;
};

SessionDetails details_of(const val& value) {
  return {string_or(value, "clipName", ""),  string_or(value, "clipFingerprint", ""),
          string_or(value, "modelName", ""), string_or(value, "modelFingerprint", ""),
          string_or(value, "direction", ""), {}, static_cast<std::uint64_t>(value["resultsBytes"].as<double>())};
}

val save_into(const SessionState& state, const Architecture& architecture, const SessionDetails& details,
              RecordStore* store, const val& take) {
  Parts parts(take);
  const Status saved = save_state(
      state, architecture, [&](std::span<const std::byte> more) { return parts.add(more); }, details, store);
  if (saved) parts.flush();
  return outcome(saved);
}

std::unique_ptr<JsRecordStore> store_of(const val& host) {
  const val store = host["store"];
  return store.isUndefined() ? nullptr : std::make_unique<JsRecordStore>(store);
}

SessionHost host_of(const val& host, AccountHandle& account, RecordStore* store) {
  SessionHost given;
  given.account = &account.account();
  given.store = store;
  given.hot_frames = int_or(host, "hotFrames", given.hot_frames);
  given.max_prompted_frames = int_or(host, "maxPromptedFrames", given.max_prompted_frames);
  given.encodes_ahead = bool_or(host, "encodesAhead", given.encodes_ahead);
  return given;
}

}  // namespace

val SessionHandle::create(std::shared_ptr<ModelHandle> model, std::shared_ptr<AccountHandle> account, val clip,
                          val options, val host) {
  return guarded([&] {
    const Clip frames = clip_of(clip);
    const auto tracking = options_of(options);
    if (!tracking) return failure(tracking.error());
    auto store = store_of(host);
    auto session = Session::create(model->model, frames, *tracking, host_of(host, *account, store.get()));
    if (!session) return failure(session.error());
    const std::shared_ptr<SessionHandle> handle(
        new SessionHandle(model, account, std::move(store), std::move(*session), frames));
    handle->downscale_to(int_or(host, "downscaleMax", 0));
    return success(val(handle));
  });
}

val SessionHandle::restore(std::shared_ptr<ModelHandle> model, std::shared_ptr<AccountHandle> account, val source,
                           val settings, val host) {
  return guarded([&] {
    auto store = store_of(host);
    auto state = load_state(std::make_shared<JsSource>(source), model->model.architecture, store.get());
    if (!state) return failure(state.error());
    state->options.cached_frames = int_or(settings, "cachedFrames", state->options.cached_frames);
    state->options.memories = int_or(settings, "memories", state->options.memories);
    const Clip frames = state->clip;
    auto session = Session::restore(model->model, std::move(*state), host_of(host, *account, store.get()));
    if (!session) return failure(session.error());
    const std::shared_ptr<SessionHandle> handle(
        new SessionHandle(model, account, std::move(store), std::move(*session), frames));
    handle->downscale_to(int_or(host, "downscaleMax", 0));
    return success(val(handle));
  });
}

val SessionHandle::details(val source) {
  return guarded([&] {
    const auto found = load_details(std::make_shared<JsSource>(source), false);
    if (!found) return failure(found.error());
    val value = val::object();
    value.set("clipName", found->clip_name);
    value.set("clipFingerprint", found->clip_fingerprint);
    value.set("modelName", found->model_name);
    value.set("modelFingerprint", found->model_fingerprint);
    value.set("direction", found->direction);
    value.set("resultsBytes", static_cast<double>(found->results_bytes));
    return success(value);
  });
}

val SessionHandle::complete(val source, val store, double results_bytes, val take) {
  return guarded([&] {
    const auto file = std::make_shared<JsSource>(source);
    const auto architecture = load_architecture(file);
    if (!architecture) return failure(architecture.error());
    auto details = load_details(file, false);
    if (!details) return failure(details.error());
    JsRecordStore records(store);
    const auto state = load_state(file, *architecture, &records);
    if (!state) return failure(state.error());
    details->results_bytes = static_cast<std::uint64_t>(results_bytes);
    return save_into(*state, *architecture, *details, &records, take);
  });
}

val SessionHandle::add_points(val prompt) {
  return guarded([&] { return outcome(session_->add_points(point_prompt_of(prompt))); });
}

val SessionHandle::add_mask(val prompt, val bitmap) {
  return guarded([&] {
    MaskPrompt mask{int_or(prompt, "object", 0), int_or(prompt, "frame", 0), int_or(prompt, "width", 0),
                    int_or(prompt, "height", 0), bytes_of(bitmap)};
    if (bool_or(prompt, "opacity", false)) {
      std::vector<std::uint8_t> opacity(mask.bitmap.size() / 4);
      take_opacity(mask.bitmap, opacity);
      mask.bitmap = std::move(opacity);
    }
    return outcome(session_->add_mask(mask));
  });
}

val SessionHandle::clear_prompts(int object, int frame) {
  return guarded([&] { return outcome(session_->clear_prompts(object, frame)); });
}

val SessionHandle::remove_object(int object) {
  return guarded([&] { return outcome(session_->remove_object(object)); });
}

val SessionHandle::reset() {
  return guarded([&] { return outcome(session_->reset()); });
}

val SessionHandle::propagate(val request) {
  return guarded([&] {
    return outcome(session_->propagate(
        {optional_int(request, "start"), optional_int(request, "length"), bool_or(request, "reverse", false)}));
  });
}

val SessionHandle::continue_propagation() {
  return guarded([&] { return outcome(session_->continue_propagation()); });
}

val SessionHandle::show(int frame) {
  return guarded([&] { return outcome(session_->show(frame)); });
}

val SessionHandle::result(val forms) {
  return guarded([&] {
    const auto* ready = std::get_if<FrameReady>(&session_->next());
    if (!ready) return failure({ErrorCode::invalid_state, "no frame's result waits to be taken"});
    return success(frame_value(ready->result, model_->model.architecture.low_res_size(), clip_, forms));
  });
}

val SessionHandle::describe() {
  return guarded([&] {
    const auto state = session_->state();
    if (!state) return failure(state.error());
    val objects = val::array();
    for (const ObjectTrack& track : (*state)->objects) {
      val object = val::object();
      object.set("id", track.id);
      object.set("prompts", prompts_value(track));
      objects.call<void>("push", object);
    }
    val value = val::object();
    value.set("width", (*state)->clip.width);
    value.set("height", (*state)->clip.height);
    value.set("frameCount", (*state)->clip.frame_count);
    value.set("objects", objects);
    if (const auto& p = (*state)->propagation) {
      val propagation = val::object();
      propagation.set("next", p->next);
      propagation.set("last", p->last);
      propagation.set("reverse", p->reverse);
      value.set("propagation", propagation);
    }
    return success(value);
  });
}

val SessionHandle::memory() const {
  const HeldBytes held = session_->memory().total;
  const CacheUse& use = session_->cache_use();
  val value = val::object();
  value.set("current", static_cast<double>(held.current));
  value.set("peak", static_cast<double>(held.peak));
  value.set("hits", static_cast<double>(use.hits));
  value.set("misses", static_cast<double>(use.misses));
  return value;
}

val SessionHandle::save(val details, bool leaves_stored, val take) {
  return guarded([&] {
    const auto state = session_->state();
    if (!state) return failure(state.error());
    return save_into(**state, model_->model.architecture, details_of(details), leaves_stored ? nullptr : store_.get(), take);
  });
}

void SessionHandle::trace(const std::string& tag) {
  tag_ = tag;
  session_->observe_decodes([this](const DecodeRecord& record) {
    if (!tag_.empty()) append_decode(traced_, tag_, record);
  });
  session_->observe_inputs([this](int frame, const Tensor& image) {
    if (!tag_.empty()) append_input(traced_, tag_, frame, image);
  });
}

val SessionHandle::take_trace() {
  return guarded([&] {
    std::vector<std::byte> bytes;
    const Status written = write_safetensors(std::span<const NamedTensor>(traced_), {}, append_to(bytes));
    traced_.clear();
    return written ? success(copy_bytes(std::span<const std::byte>(bytes))) : failure(written.error());
  });
}

}  // namespace masklet::wasm
