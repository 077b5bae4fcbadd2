#include "native/host/segment.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "core/tracking/frame_masks.h"
#include "native/host/drive.h"
#include "native/host/memory_keeper.h"
#include "native/media/png_file.h"
#include "native/media/video_writer.h"
#include "native/output/contact_sheet.h"
#include "native/output/folders.h"
#include "native/output/masklets_file.h"
#include "native/output/numbered_name.h"
#include "native/output/overlay.h"

namespace masklet::native {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDirectionNames[] = {"forward", "backward", "both"};

/// The way through the clip: frames in the order in which they are reported.
struct Way {
  int first = 0;          ///< where tracking starts
  int forward_last = 0;   ///< inclusive; before `first`: not forward
  bool backward = false;  ///< from `first` to 0
  int frames = 0;
};

Result<Way> plan(Direction direction, const std::vector<ClipPrompt>& prompts, const Clip& clip) {
  const auto [first, last] =
      std::minmax_element(prompts.begin(), prompts.end(),
                          [](const ClipPrompt& a, const ClipPrompt& b) { return a.frame < b.frame; });
  const int earliest = first->frame, latest = last->frame;
  if (direction == Direction::forward)
    return Way{earliest, clip.frame_count - 1, false, clip.frame_count - earliest};
  if (direction == Direction::both)
    return Way{earliest, clip.frame_count - 1, earliest > 0, clip.frame_count};
  if (latest == 0)
    return Error{ErrorCode::invalid_argument,
                 "--direction backward has nothing to track: the prompts are on frame 0; "
                 "prompt a later frame or go forward"};
  return Way{latest, latest - 1, true, latest + 1};
}

/// Frames must not be overwritten by the masks made from them.
Status check_apart(const std::string& input, const fs::path& masks) {
  std::error_code failure;
  if (fs::exists(masks, failure) && fs::equivalent(input, masks, failure))
    return Error{ErrorCode::invalid_argument, "the masks would be written over the frames in '" + input +
                                                  "'; choose another folder with -o"};
  return {};
}

Status check_overlay(const SegmentOptions& options) {
  if (options.overlay.empty()) return {};
  MASKLET_TRY(check_video_name(options.overlay));
  std::error_code failure;
  if (fs::exists(options.overlay, failure) && fs::equivalent(options.input, options.overlay, failure))
    return Error{ErrorCode::invalid_argument,
                 "--overlay '" + options.overlay + "' is the clip itself; choose another name"};
  return {};
}

TrackingScene scene_of(const SegmentOptions& options, const FrameSource& frames, const Clip& clip, const Way& way) {
  std::map<int, std::set<int>> prompted;
  for (const ClipPrompt& prompt : options.prompts) prompted[prompt.object].insert(prompt.frame);
  TrackingScene scene;
  scene.clip = clip;
  scene.is_video = frames.is_video();
  scene.objects = static_cast<int>(prompted.size());
  for (const auto& [object, at] : prompted)
    scene.prompted_frames = std::max(scene.prompted_frames, static_cast<int>(at.size()));
  scene.backwards = way.backward;
  scene.both_ways = way.backward && way.forward_last >= way.first;
  scene.labels = options.png || options.sheet;
  return scene;
}

class Run {
 public:
  Run(const SegmentOptions& options, Progress& progress, std::unique_ptr<FrameSource> frames, Clip clip,
      Way way)
      : options_(options),
        frames_(std::move(frames)),
        clip_(clip),
        way_(way),
        memory_(options.memory, progress),
        sheet_(way.frames),
        progress_(progress) {}

  Result<SegmentSummary> run() {
    const fs::path output = options_.output;
    MASKLET_TRY(make_folder(output));
    if (options_.png) MASKLET_TRY(make_folder(output / "masks"));
    // The output is tried before the model is loaded: the one takes a moment, the other seconds.
    const std::string jsonl = output / "masklets.jsonl";
    MASKLET_TRY(AtomicFile::create(jsonl));
    if (!options_.overlay.empty()) MASKLET_TRY(AtomicFile::create(options_.overlay));
    MASKLET_TRY(load());
    MASKLET_ASSIGN(MaskletsFile file, MaskletsFile::create(jsonl, header()));
    file_ = &file;
    MASKLET_TRY(create_session());
    MASKLET_TRY(prompt());

    SegmentSummary summary;
    progress_.begin("track", way_.frames);
    summary.status = track();
    if (const std::optional<Error> damage = frames_->damage(); damage && summary.status)
      summary.status = *damage;
    summary.fps = progress_.fps();
    summary.frames = file.frames();
    summary.expected_frames = way_.frames;
    summary.memory = memory_.memory(session_.get());
    summary.steps = memory_.steps();
    summary.warning = memory_.warning();
    progress_.tell_memory({});
    MASKLET_TRY(file.finish(summary.status ? "" : reason(summary.status.error())));
    if (options_.sheet && file.frames() > 0) MASKLET_TRY(sheet_.write(output / "sheet.png"));
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
    // No correction comes later, so what tracking itself looks back at is enough, and memory does not grow
    // with the clip.
    tracking_.history_frames = 0;
    MASKLET_TRY(memory_.prepare(scene_of(options_, *frames_, clip_, way_), model, tracking_, frames_.get()));
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
            kDirectionNames[static_cast<int>(options_.direction)],
            options_.prompts};
  }

  Status create_session() {
    MASKLET_ASSIGN(session_, Session::create(host_->model, clip_, tracking_, memory_.session_host()));
    return {};
  }

  Status check_stop() const {
    if (!options_.stop || !options_.stop()) return {};
    return Error{ErrorCode::cancelled, "interrupted after " + std::to_string(file_->frames()) + " of " +
                                           std::to_string(way_.frames) + " frames; they are kept"};
  }

  Status prompt() {
    progress_.begin("prompt", static_cast<int>(options_.prompts.size()));
    for (const ClipPrompt& prompt : options_.prompts) {
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

  Status track() {
    MASKLET_TRY(check_stop());
    if (way_.forward_last >= way_.first) MASKLET_TRY(propagate(false, -1));
    // Both ways: the frame where they meet is not reported again.
    if (way_.backward) MASKLET_TRY(propagate(true, way_.forward_last >= way_.first ? way_.first : -1));
    return {};
  }

  Status propagate(bool reverse, int reported_frame) {
    for (;;) {
      // After a step down it goes on with the last frame that was reported.
      const int start = reported_frame < 0 ? way_.first : reported_frame;
      MASKLET_TRY(session_->propagate({start, std::nullopt, reverse}));
      const Status done = drive(*session_, host_->runtime, *frames_, [&](const FrameResult& result) -> Status {
        if (result.frame == reported_frame) return {};
        MASKLET_TRY(take(result));
        reported_frame = result.frame;
        return file_->frames() < way_.frames ? check_stop() : Status();
      });
      MASKLET_ASSIGN(const bool goes_on, memory_.step_down(done, *host_, session_));
      if (!goes_on) return done;
    }
  }

  Status take(const FrameResult& result) {
    MASKLET_TRY(memory_.take(result, clip_, *frames_));
    const FrameMasks masks =
        frame_masks(result, host_->model.architecture.low_res_size(), clip_, options_.png || options_.sheet);
    if (options_.sheet && sheet_.wants(file_->frames())) {
      MASKLET_ASSIGN(const ImageView image, frames_->read(result.frame));
      MASKLET_TRY(sheet_.add(result.frame, image, masks.labels));
    }
    if (options_.png) {
      const fs::path path = fs::path(options_.output) / "masks" / numbered_png(result.frame);
      MASKLET_TRY(write_label_png(path, masks.labels, clip_.width, clip_.height));
    }
    MASKLET_TRY(file_->add(result.frame, frames_->time_s(result.frame), masks));
    progress_.advance(result.frame);
    return {};
  }

  const SegmentOptions& options_;
  std::unique_ptr<FrameSource> frames_;
  Clip clip_;
  Way way_;
  MemoryKeeper memory_;  // outlives what it accounts for
  TrackingOptions tracking_;
  ContactSheet sheet_;
  Progress& progress_;
  std::unique_ptr<ModelHost> host_;
  std::unique_ptr<Session> session_;
  MaskletsFile* file_ = nullptr;
};

}  // namespace

Result<Direction> parse_direction(const std::string& text) {
  for (int i = 0; i < 3; ++i) {
    if (text == kDirectionNames[i]) return static_cast<Direction>(i);
  }
  return Error{ErrorCode::invalid_argument,
               "--direction is '" + text + "'; it must be forward, backward or both"};
}

Result<Plan> plan_segment(const SegmentOptions& options) {
  ClipOptions clip_options;
  clip_options.frame_rate = options.frame_rate;
  MASKLET_ASSIGN(const std::unique_ptr<FrameSource> frames, open_clip(options.input, clip_options));
  const Clip clip{frames->width(), frames->height(), frames->frame_count()};
  MASKLET_TRY(check_prompts(options.prompts, clip));
  MASKLET_ASSIGN(const Way way, plan(options.direction, options.prompts, clip));
  return plan_tracking(options.memory, options.model, options.tracking, scene_of(options, *frames, clip, way));
}

Result<SegmentSummary> segment(const SegmentOptions& options) {
  if (options.prompts.empty())
    return Error{ErrorCode::invalid_argument, "no object is given; prompt at least one"};
  MASKLET_TRY(check_overlay(options));
  // A clip is tracked as it comes: it may be of any length unless the environment says otherwise.
  MASKLET_ASSIGN(const Limits limits, limits_of_environment(Limits::of_streams()));
  Progress progress(options.progress);
  progress.begin("open", 0);
  const ClipOptions clip_options{options.frame_rate, ClipOptions().held_bytes, [&](double share) {
                                   progress.report_share(share);
                                   return !options.stop || !options.stop();
                                 }};
  MASKLET_ASSIGN(std::unique_ptr<FrameSource> frames, open_clip(options.input, clip_options));
  if (options.png) MASKLET_TRY(check_apart(options.input, fs::path(options.output) / "masks"));
  const Clip clip{frames->width(), frames->height(), frames->frame_count()};
  MASKLET_TRY(check_limits(limits, clip.width, clip.height, clip.frame_count));
  MASKLET_TRY(check_prompts(options.prompts, clip));
  MASKLET_ASSIGN(const Way way, plan(options.direction, options.prompts, clip));
  return Run(options, progress, std::move(frames), clip, way).run();
}

}  // namespace masklet::native
