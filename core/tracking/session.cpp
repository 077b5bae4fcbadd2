#include "core/tracking/session.h"

#include <algorithm>
#include <limits>
#include <string>

#include "core/tracking/mask_prompt.h"
#include "core/tracking/prompt.h"

namespace masklet {
namespace {

Error invalid(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

Status validate(const Clip& clip) {
  constexpr int kMaxSide = 1 << 15;
  if (clip.width < 1 || clip.height < 1 || clip.width > kMaxSide || clip.height > kMaxSide)
    return invalid("the clip is " + std::to_string(clip.width) + " x " + std::to_string(clip.height) +
                   " pixels; each side must be from 1 to " + std::to_string(kMaxSide));
  if (clip.frame_count < 0 || clip.frame_count > kMaxFrames)
    return invalid("the clip has " + std::to_string(clip.frame_count) + " frames; give at most " +
                   std::to_string(kMaxFrames) + ", or 0 for a stream");
  return {};
}

}  // namespace

Session::Session(const Model& model, SessionState state, const SessionHost& host)
    : model_(model),
      state_(std::move(state)),
      account_(host.account),
      tracker_(model_, state_, machine_, host, account_) {}

Result<std::unique_ptr<Session>> Session::create(const Model& model, const Clip& clip,
                                                 const TrackingOptions& options, const SessionHost& host) {
  SessionState state;
  state.clip = clip;
  state.options = options;
  return restore(model, std::move(state), host);
}

Result<std::unique_ptr<Session>> Session::restore(const Model& model, SessionState state, const SessionHost& host) {
  MASKLET_TRY(validate(state.clip));
  MASKLET_TRY(validate(state.options, model.architecture));
  for (const ObjectTrack& track : state.objects) {
    if (!host.store && !track.stored.empty())
      return Error{ErrorCode::invalid_state, "object " + std::to_string(track.id) +
                                                 " has frames in a store, and none is given; give the session's own"};
  }
  return std::unique_ptr<Session>(new Session(model, std::move(state), host));
}

Status Session::check_frame_index(int frame) const {
  const int count = state_.clip.frame_count;
  if (frame >= 0 && frame < (count ? count : kMaxFrames)) return {};
  return Error{ErrorCode::frame_out_of_range,
               "frame " + std::to_string(frame) +
                   (count ? " is not in the clip; its frames are 0 to " + std::to_string(count - 1)
                          : " is not in the stream; frames count from 0 to " + std::to_string(kMaxFrames - 1))};
}

Status Session::check_frame(const ImageView& frame) const {
  if (frame.width == state_.clip.width && frame.height == state_.clip.height) return check_image(frame);
  return Error{ErrorCode::step_mismatch, "a frame of " + std::to_string(frame.width) + " x " +
                                             std::to_string(frame.height) + " pixels was handed over; the clip is " +
                                             std::to_string(state_.clip.width) + " x " +
                                             std::to_string(state_.clip.height)};
}

Result<ObjectTrack*> Session::object(int id) {
  if (ObjectTrack* track = state_.find(id)) return track;
  std::string known;
  for (const ObjectTrack& track : state_.objects) known += (known.empty() ? "" : ", ") + std::to_string(track.id);
  return Error{ErrorCode::unknown_object, "there is no object " + std::to_string(id) + "; " +
                                              (known.empty() ? "none has been prompted" : "known are " + known)};
}

Status Session::add_points(const PointPrompt& prompt) {
  MASKLET_TRY(check_idle());
  MASKLET_TRY(check_frame_index(prompt.frame));
  if (prompt.points.empty() && !prompt.box)
    return invalid("a prompt without points and without a box; give at least one");
  MASKLET_TRY(validate_points(prompt.points, prompt.box, state_.clip.width, state_.clip.height));
  if (prompt.box && !prompt.clear_old_points)
    return invalid("a box cannot join earlier points, because it must stand before them; clear them");
  Prompt all;
  if (const ObjectTrack* track = state_.find(prompt.object); track && !prompt.clear_old_points) {
    if (const auto it = track->prompts.find(prompt.frame); it != track->prompts.end()) all.points = it->second.points;
  }
  const std::vector<Point> added = box_and_points(prompt.box, prompt.points);
  all.points.insert(all.points.end(), added.begin(), added.end());
  return begin(tracker_.prompt_with_points(prompt.object, prompt.frame, std::move(all)));
}

Status Session::add_mask(const MaskPrompt& prompt) {
  MASKLET_TRY(check_idle());
  MASKLET_TRY(check_frame_index(prompt.frame));
  MASKLET_TRY(check_image_size("the mask", prompt.width, prompt.height));
  if (static_cast<std::size_t>(prompt.width) * prompt.height != prompt.bitmap.size())
    return invalid("the mask holds " + std::to_string(prompt.bitmap.size()) + " pixels; its size is given as " +
                   std::to_string(prompt.width) + " x " + std::to_string(prompt.height));
  return begin(tracker_.prompt_with_mask(
      prompt.object, prompt.frame,
      mask_at_input_size(prompt.bitmap, prompt.width, prompt.height, model_.architecture.image_size), prompt.name));
}

Status Session::clear_prompts(int id, int frame) {
  MASKLET_TRY(check_idle());
  MASKLET_TRY(check_frame_index(frame));
  MASKLET_ASSIGN(ObjectTrack * track, object(id));
  track->prompts.erase(frame);
  track->pending_conditioning.erase(frame);
  track->pending_tracked.erase(frame);
  if (auto downgraded = track->conditioning.extract(frame)) {
    track->tracked.insert(std::move(downgraded));
    track->forget_passed(frame);
  }
  return begin(tracker_.report(frame));
}

Status Session::remove_object(int id) {
  MASKLET_TRY(check_idle());
  MASKLET_TRY(object(id));
  std::erase_if(state_.objects, [&](const ObjectTrack& track) { return track.id == id; });
  tracker_.store().forget(id);
  return {};
}

Status Session::reset() {
  MASKLET_TRY(check_idle());
  std::vector<int> ids;
  for (const ObjectTrack& track : state_.objects) ids.push_back(track.id);
  state_.objects.clear();
  for (int id : ids) tracker_.store().forget(id);
  state_.propagation.reset();
  return {};
}

Status Session::check_prompted() const {
  if (state_.objects.empty())
    return Error{ErrorCode::invalid_state, "there is no object to track; add points, a box or a mask first"};
  for (const ObjectTrack& track : state_.objects) {
    if (track.conditioning.empty() && track.pending_conditioning.empty())
      return Error{ErrorCode::invalid_state, "object " + std::to_string(track.id) +
                                                 " has no prompt left; prompt it again or remove it"};
  }
  return {};
}

Status Session::propagate(const PropagateRequest& request) {
  MASKLET_TRY(check_idle());
  MASKLET_TRY(check_prompted());
  int earliest = std::numeric_limits<int>::max();
  for (const ObjectTrack& track : state_.objects) {
    for (const Records* records : {&track.conditioning, &track.pending_conditioning}) {
      if (!records->empty()) earliest = std::min(earliest, records->begin()->first);
    }
  }
  const int start = request.start.value_or(earliest);
  MASKLET_TRY(check_frame_index(start));
  if (request.length && *request.length < 0)
    return invalid("the length is " + std::to_string(*request.length) + " frames; it must be 0 or more");

  const int count = state_.clip.frame_count;
  const int end_of_clip = (count ? count : kMaxFrames) - 1;
  Propagation propagation{start, 0, request.reverse};
  if (request.reverse) {
    propagation.last = request.length ? std::max(start - *request.length, 0) : 0;
    if (start == 0) propagation.last = 1;  // nothing to do, as in the reference
  } else {
    propagation.last = request.length && *request.length < end_of_clip - start ? start + *request.length : end_of_clip;
  }
  state_.propagation = propagation;
  return begin(tracker_.propagate());
}

Status Session::continue_propagation() {
  MASKLET_TRY(check_idle());
  if (!state_.propagation) return Error{ErrorCode::invalid_state, "no propagation was under way; begin one"};
  MASKLET_TRY(check_prompted());
  return begin(tracker_.propagate());
}

Status Session::show(int frame) {
  MASKLET_TRY(check_idle());
  MASKLET_TRY(check_frame_index(frame));
  return begin(tracker_.report(frame));
}

Result<const SessionState*> Session::state() const {
  if (busy() && !std::holds_alternative<FrameReady>(next()))
    return Error{ErrorCode::invalid_state,
                 "the session is in the middle of a frame; take its state at FrameReady or Done"};
  return &state_;
}

}  // namespace masklet
