#include "native/host/segment.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "core/tracking/frame_masks.h"
#include "native/host/drive.h"
#include "native/host/memory_keeper.h"
#include "native/host/session_file.h"
#include "native/media/downscaled_frames.h"
#include "native/media/png_file.h"
#include "native/media/video_writer.h"
#include "native/output/contact_sheet.h"
#include "native/output/folders.h"
#include "native/output/masklets_file.h"
#include "native/output/masklets_reader.h"
#include "native/output/numbered_name.h"
#include "native/output/overlay.h"

namespace masklet::native {
namespace {

namespace fs = std::filesystem;

/// Frames must not be overwritten by the masks made from them.
Status check_apart(const std::string& input, const fs::path& masks) {
  std::error_code failure;
  if (fs::exists(masks, failure) && fs::equivalent(input, masks, failure))
    return Error{ErrorCode::invalid_argument, "the masks would be written over the frames in '" + input +
                                                  "'; choose another folder with -o"};
  return {};
}

Status check_not_clip(const char* flag, const std::string& path, const std::string& clip) {
  std::error_code failure;
  if (!fs::exists(path, failure) || !fs::equivalent(clip, path, failure)) return {};
  return Error{ErrorCode::invalid_argument,
               std::string(flag) + " '" + path + "' is the clip itself; choose another name"};
}

Status check_outputs(const SegmentOptions& options) {
  if (!options.save.empty()) MASKLET_TRY(check_not_clip("--save", options.save, options.input));
  if (options.overlay.empty()) return {};
  MASKLET_TRY(check_video_name(options.overlay));
  return check_not_clip("--overlay", options.overlay, options.input);
}

/// The earliest and the latest frame that has a prompt.
std::pair<int, int> prompted_frames(const std::vector<ClipPrompt>& prompts) {
  const auto [first, last] =
      std::minmax_element(prompts.begin(), prompts.end(),
                          [](const ClipPrompt& a, const ClipPrompt& b) { return a.frame < b.frame; });
  return {first->frame, last->frame};
}

/// Frames with a prompt that no propagation has taken up yet.
std::set<int> new_frames(const SessionState& state) {
  std::set<int> frames;
  for (const ObjectTrack& track : state.objects) {
    for (const Records* pending : {&track.pending_conditioning, &track.pending_tracked}) {
      for (const auto& [frame, record] : *pending) frames.insert(frame);
    }
  }
  return frames;
}

/// The object ids of a frame's pixels, from its line: of two objects on a pixel the later one.
Result<std::vector<std::uint8_t>> labels_of(const std::string& line, const Clip& clip) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(clip.width) * clip.height), labels(mask.size());
  MASKLET_ASSIGN(const auto objects, MaskletsReader::objects_of_line(line, clip.width, clip.height));
  for (const MaskletsReader::Object& object : objects) {
    rle_decode(object.rle, mask);
    for (std::size_t i = 0; i < mask.size(); ++i) {
      if (mask[i]) labels[i] = static_cast<std::uint8_t>(object.id);
    }
  }
  return labels;
}

/// What memory depends on. Of a saved session that goes on, the prompts are known only once its model is there: each of
/// its objects then counts with one.
TrackingScene scene_of(const SegmentOptions& options, const FrameSource& frames, const Clip& clip,
                       Direction direction, const SavedSession* saved) {
  std::map<int, std::set<int>> prompted;
  for (const ClipPrompt& prompt : options.prompts) prompted[prompt.object].insert(prompt.frame);
  if (saved && !saved->lines.empty()) {
    const auto objects = MaskletsReader::objects_of_line(saved->lines.back().text, clip.width, clip.height);
    if (objects) {
      for (const MaskletsReader::Object& object : *objects) prompted[object.id].insert(-1);
    }
  }
  TrackingScene scene;
  scene.clip = clip;
  scene.scaled_from = frames.scaled_from().value_or(PictureSize());
  scene.origin = frames.origin();
  scene.objects = std::max<int>(1, prompted.size());
  for (const auto& [object, at] : prompted)
    scene.prompted_frames = std::max(scene.prompted_frames, static_cast<int>(at.size()));
  const bool at_begin = !saved && !options.prompts.empty() && prompted_frames(options.prompts).first == 0;
  scene.backwards = direction == Direction::backward || (direction == Direction::both && !at_begin);
  scene.both_ways = scene.backwards && direction == Direction::both;
  scene.labels = options.png || options.sheet;
  return scene;
}

/// The direction that was asked for, or else the saved session's.
Result<Direction> direction_of(const SegmentOptions& options, const SavedSession* saved) {
  if (options.direction) return *options.direction;
  if (saved && !saved->details.direction.empty()) return parse_direction(saved->details.direction);
  return Direction::forward;
}

/// The clip, scaled down and refused as the environment says. It is tracked as it comes: any length and size will do
/// where that says nothing.
Result<std::unique_ptr<FrameSource>> open_within_limits(const std::string& input, const ClipOptions& options) {
  MASKLET_ASSIGN(const Limits limits, limits_of_environment(Limits::of_streams()));
  MASKLET_ASSIGN(std::unique_ptr<FrameSource> frames, open_clip(input, options));
  frames = downscaled_frames(std::move(frames), limits.downscale_max);
  MASKLET_TRY(check_limits(limits, frames->width(), frames->height(), frames->frame_count()));
  return frames;
}

class Run {
 public:
  /// `saved`: the session to go on with, if any.
  Run(const SegmentOptions& options, Progress& progress, std::unique_ptr<FrameSource> frames, Clip clip,
      std::optional<SavedSession> saved, SessionDetails details)
      : options_(options),
        frames_(std::move(frames)),
        clip_(clip),
        memory_(options.memory, progress),
        saved_(std::move(saved)),
        details_(std::move(details)),
        progress_(progress) {}

  Result<SegmentSummary> run() {
    const fs::path output = options_.output;
    MASKLET_TRY(make_folder(output));
    if (options_.png) MASKLET_TRY(make_folder(output / "masks"));
    // The output is tried before the model is loaded: the one takes a moment, the other seconds.
    const std::string jsonl = output / "masklets.jsonl";
    for (const std::string& path : {jsonl, options_.overlay, options_.save}) {
      if (!path.empty()) MASKLET_TRY(AtomicFile::create(path));
    }
    MASKLET_TRY(load());
    MASKLET_TRY(create_session());
    MASKLET_TRY(prompt());
    MASKLET_TRY(plan());
    MASKLET_ASSIGN(MaskletsFile file, MaskletsFile::create(jsonl, header()));
    file_ = &file;

    SegmentSummary summary;
    summary.status = take_earlier();
    progress_.begin("track", expected_frames_ - file.frames());
    if (summary.status) summary.status = track();
    if (const std::optional<Error> damage = frames_->damage(); damage && summary.status)
      summary.status = *damage;
    summary.fps = progress_.fps();
    summary.expected_frames = expected_frames_;
    const Status finished = file.finish(summary.status ? "" : reason(summary.status.error()));
    summary.frames = file.frames();
    summary.memory = memory_.memory(session_.get());
    summary.steps = memory_.steps();
    summary.warning = memory_.warning();
    progress_.tell_memory({});
    // What is saved does not depend on whether the results could be written.
    MASKLET_TRY(save());
    MASKLET_TRY(finished);
    if (options_.sheet && file.frames() > 0) MASKLET_TRY(sheet_->write(output / "sheet.png"));
    if (!options_.overlay.empty() && shows_overlay(summary)) {
      // The model has done its part.
      session_.reset();
      host_.reset();
      const OverlayOptions overlay{jsonl, options_.overlay,
                                   fs::is_directory(options_.input) ? "" : options_.input, options_.stop};
      MASKLET_ASSIGN(summary.remark, write_overlay(*frames_, overlay, progress_));
    }
    return summary;
  }

 private:
  /// After an interruption nobody waits for a video.
  static bool shows_overlay(const SegmentSummary& summary) {
    return summary.frames > 0 && (summary.status || summary.status.error().code == ErrorCode::broken_clip);
  }

  static std::string reason(const Error& error) {
    return std::string(error_name(error.code)) + ": " + error.message;
  }

  Status load() {
    ModelOptions model = options_.model;
    tracking_ = options_.tracking;
    const SavedSession* saved = saved_ ? &*saved_ : nullptr;
    MASKLET_ASSIGN(direction_, direction_of(options_, saved));
    MASKLET_TRY(memory_.prepare(scene_of(options_, *frames_, clip_, direction_, saved), model, tracking_, frames_.get()));
    progress_.tell_memory([this] { return memory_.memory(session_.get()); });
    progress_.begin("load", 0);
    MASKLET_ASSIGN(host_, load_model_host(model));
    return {};
  }

  MaskletsHeader header() const {
    return {last_name(options_.input),
            last_name(options_.model.path),
            host_->model.architecture.image_size,
            clip_,
            direction_name(direction_),
            prompts_of(state()),
            frames_->scaled_from().value_or(PictureSize())};
  }

  /// Between two operations, where it is always there.
  const SessionState& state() const { return **session_->state(); }

  Status create_session() {
    if (!saved_) {
      MASKLET_ASSIGN(session_, Session::create(host_->model, clip_, tracking_, memory_.session_host()));
      return {};
    }
    MASKLET_ASSIGN(SessionState state, load_state(saved_->source, host_->model.architecture));
    MASKLET_TRY(check_same_size(state.clip, clip_));
    state.options.cached_frames = std::min(state.options.cached_frames, tracking_.cached_frames);
    MASKLET_ASSIGN(session_, Session::restore(host_->model, std::move(state), memory_.session_host()));
    return {};
  }

  Status check_stop() const {
    if (!options_.stop || !options_.stop()) return {};
    return Error{ErrorCode::cancelled, "interrupted after " + std::to_string(file_->frames()) + " of " +
                                           std::to_string(expected_frames_) + " frames; they are kept"};
  }

  Status prompt() {
    progress_.begin("prompt", static_cast<int>(options_.prompts.size()));
    for (const ClipPrompt& prompt : options_.prompts) {
      if (!state().find(prompt.object)) MASKLET_TRY(check_shows_object(prompt));
      if (prompt.mask_path.empty()) {
        MASKLET_TRY(session_->add_points(point_prompt(prompt)));
      } else {
        MASKLET_ASSIGN(const MaskPrompt mask, read_mask_prompt(prompt, clip_));
        MASKLET_TRY(session_->add_mask(mask));
      }
      MASKLET_TRY(drive(*session_, host_->runtime, *frames_, {}));
      progress_.advance(prompt.frame);
    }
    return {};
  }

  /// The frames to be tracked: those without a result, those after a new prompt, and those that the saved session was
  /// about to track again.
  Status plan() {
    const std::vector<ClipPrompt> prompts = prompts_of(state());
    if (prompts.empty())
      return Error{ErrorCode::invalid_state, "the saved session has no object; prompt one with --click or --prompts"};
    const auto [earliest, latest] = prompted_frames(prompts);
    MASKLET_ASSIGN(const std::vector<Leg> way, plan_legs(direction_, earliest, latest, clip_.frame_count));
    std::set<int> known;
    if (saved_) {
      for (const MaskletsLine& line : saved_->lines) known.insert(line.frame);
    }
    const std::set<int> fresh = new_frames(state());
    const std::optional<Propagation> under_way = state().propagation;
    legs_ = remaining_legs(way, [&](const Leg& leg, int frame) {
      return !known.contains(frame) || fresh.contains(frame) ||
             (under_way && under_way->reverse == leg.reverse && under_way->next == frame);
    });
    for (const Leg& leg : legs_) expected_frames_ += leg.frames();
    if (saved_) {
      std::erase_if(saved_->lines, [&](const MaskletsLine& line) {
        return std::any_of(legs_.begin(), legs_.end(), [&](const Leg& leg) { return leg.contains(line.frame); });
      });
      expected_frames_ += static_cast<int>(saved_->lines.size());
    }
    sheet_.emplace(expected_frames_);
    return {};
  }

  /// The earlier results of the frames that are not tracked again.
  Status take_earlier() {
    if (!saved_) return {};
    for (const MaskletsLine& line : saved_->lines) {
      std::vector<std::uint8_t> labels;
      if (options_.png || options_.sheet) {
        MASKLET_ASSIGN(labels, labels_of(line.text, clip_));
      }
      MASKLET_TRY(take(line.frame, line.text, labels));
    }
    return {};
  }

  Status track() {
    MASKLET_TRY(check_stop());
    for (const Leg& leg : legs_) MASKLET_TRY(propagate(leg));
    return {};
  }

  Status propagate(const Leg& leg) {
    for (std::optional<int> reported = leg.begins_at;;) {
      // After a step down it goes on with the last frame that was reported.
      MASKLET_TRY(session_->propagate({reported.value_or(leg.first), std::nullopt, leg.reverse}));
      const Status done = drive(*session_, host_->runtime, *frames_, [&](const FrameResult& result) -> Status {
        if (result.frame == reported) return {};
        MASKLET_TRY(memory_.take(result, clip_, *frames_));
        const FrameMasks masks = frame_masks(result, host_->model.architecture.low_res_size(), clip_,
                                             options_.png || options_.sheet);
        const std::string line = masklets_frame_line(result.frame, frames_->time_s(result.frame),
                                                     masklets_objects(masks, clip_));
        MASKLET_TRY(take(result.frame, line, masks.labels));
        progress_.advance(result.frame);
        reported = result.frame;
        return file_->frames() < expected_frames_ ? check_stop() : Status();
      });
      MASKLET_ASSIGN(const bool goes_on, memory_.step_down(done, *host_, session_));
      if (!goes_on) return done;
    }
  }

  /// `labels`: for the pictures of masks that were asked for.
  Status take(int frame, const std::string& line, const std::vector<std::uint8_t>& labels) {
    if (!options_.save.empty()) details_.results += line;
    if (options_.sheet && sheet_->wants(file_->frames())) {
      MASKLET_ASSIGN(const ImageView image, frames_->read(frame));
      MASKLET_TRY(sheet_->add(frame, image, labels));
    }
    if (options_.png) {
      const fs::path path = fs::path(options_.output) / "masks" / numbered_png(frame);
      MASKLET_TRY(write_label_png(path, labels, clip_.width, clip_.height));
    }
    return file_->add(line);
  }

  Status save() {
    if (options_.save.empty()) return {};
    details_.direction = direction_name(direction_);
    return write_session(options_.save, state(), host_->model.architecture, details_);
  }

  const SegmentOptions& options_;
  std::unique_ptr<FrameSource> frames_;
  Clip clip_;
  MemoryKeeper memory_;  // outlives what it accounts for
  TrackingOptions tracking_;
  std::optional<SavedSession> saved_;
  SessionDetails details_;  // of this run, to be saved
  Direction direction_ = Direction::forward;
  std::vector<Leg> legs_;
  int expected_frames_ = 0;  // lines in the end, earlier ones included
  std::optional<ContactSheet> sheet_;
  Progress& progress_;
  std::unique_ptr<ModelHost> host_;
  std::unique_ptr<Session> session_;
  MaskletsFile* file_ = nullptr;
};

/// The session to go on with, if any, held against the files that it is to go on with.
Result<std::optional<SavedSession>> open_saved(const SegmentOptions& options, const SessionDetails& given) {
  if (options.resume.empty()) return std::optional<SavedSession>();
  MASKLET_ASSIGN(SavedSession saved, open_session(options.resume));
  if (options.other_clip_file) saved.details.clip_fingerprint.clear();
  const Status same = check_same_files(saved.details, given);
  if (!same && same.error().code == ErrorCode::invalid_argument)
    return Error{same.error().code,
                 same.error().message + ", or add --other-clip-file where it is the same video, repaired or packed anew"};
  MASKLET_TRY(same);
  return std::optional<SavedSession>(std::move(saved));
}

}  // namespace

Result<Plan> plan_segment(const SegmentOptions& options) {
  ClipOptions clip_options;
  clip_options.frame_rate = options.frame_rate;
  MASKLET_ASSIGN(const std::unique_ptr<FrameSource> frames, open_within_limits(options.input, clip_options));
  const Clip clip{frames->width(), frames->height(), frames->frame_count()};
  MASKLET_TRY(check_prompts(options.prompts, clip));
  const Direction direction = options.direction.value_or(Direction::forward);
  const auto [earliest, latest] = prompted_frames(options.prompts);
  MASKLET_TRY(plan_legs(direction, earliest, latest, clip.frame_count));
  return plan_tracking(options.memory, options.model, options.tracking,
                       scene_of(options, *frames, clip, direction, nullptr));
}

Result<SegmentSummary> segment(const SegmentOptions& options) {
  if (options.prompts.empty() && options.resume.empty())
    return Error{ErrorCode::invalid_argument, "no object is given; prompt at least one"};
  MASKLET_TRY(check_outputs(options));
  Progress progress(options.progress);
  progress.begin("open", 0);
  const ClipOptions clip_options{options.frame_rate, ClipOptions().held_bytes, [&](double share) {
                                   progress.report_share(share);
                                   return !options.stop || !options.stop();
                                 }};
  MASKLET_ASSIGN(std::unique_ptr<FrameSource> frames, open_within_limits(options.input, clip_options));
  if (options.png) MASKLET_TRY(check_apart(options.input, fs::path(options.output) / "masks"));
  const Clip clip{frames->width(), frames->height(), frames->frame_count()};
  if (const auto from = frames->scaled_from())
    progress.note("scaling", downscale_text(*from, {clip.width, clip.height}));
  MASKLET_TRY(check_prompts(options.prompts, clip));
  SessionDetails details;
  if (!options.save.empty() || !options.resume.empty()) {
    MASKLET_ASSIGN(details, describe_files(options.input, options.model));
  }
  MASKLET_ASSIGN(std::optional<SavedSession> saved, open_saved(options, details));
  if (!saved) {
    // A way that leads nowhere is found before the model is loaded.
    const auto [earliest, latest] = prompted_frames(options.prompts);
    MASKLET_TRY(plan_legs(options.direction.value_or(Direction::forward), earliest, latest, clip.frame_count));
  }
  return Run(options, progress, std::move(frames), clip, std::move(saved), std::move(details)).run();
}

}  // namespace masklet::native
