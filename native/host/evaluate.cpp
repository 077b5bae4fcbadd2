#include "native/host/evaluate.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <set>

#include "core/evaluation/frame_scores.h"
#include "core/tracking/frame_masks.h"
#include "native/host/drive.h"
#include "native/host/mask_folder.h"
#include "native/host/memory_keeper.h"
#include "native/media/frame_source.h"
#include "native/output/contact_sheet.h"
#include "native/output/folders.h"

namespace masklet::native {
namespace {

namespace fs = std::filesystem;

constexpr std::uint8_t kVoid = 255;

std::string in(const std::string& folder, const std::string& name) {
  return (fs::path(folder) / name).string();
}

/// The names of the table's rows, the model's first.
Result<std::vector<std::string>> method_names(const EvaluateOptions& options) {
  std::vector<std::string> names;
  if (options.model) names.push_back(last_name(options.model->path) + ", " + name_of(options.prompt));
  for (const PredictedMasks& masks : options.predicted) names.push_back(masks.name);
  names.push_back(kCopy);
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second)
      return Error{ErrorCode::invalid_argument,
                   "two methods are called '" + name + "'; give --predicted another NAME" +
                       (name == kCopy ? ", as copying the first mask is always scored" : "")};
  }
  return names;
}

/// One sequence: its annotations, and the scores of every method so far. The model's masks come from outside,
/// frame by frame; all else is read along.
class SequenceJudge {
 public:
  /// `folders`: of each predicted method's masks.
  static Result<SequenceJudge> open(const DavisSequence& sequence, std::vector<std::string> folders,
                                    bool has_model) {
    SequenceJudge judge(sequence, std::move(folders));
    const std::string path = in(sequence.masks, sequence.mask_names.front());
    MASKLET_ASSIGN(judge.first_, read_objects(path));
    std::set<std::uint8_t> objects(judge.first_.labels.begin(), judge.first_.labels.end());
    objects.erase(0);
    if (judge.first_.indexed) objects.erase(kVoid);
    if (objects.empty())
      return Error{ErrorCode::unsupported_file,
                   "'" + path +
                       "' shows no object; the first annotation says which are scored. --sequences "
                       "leaves sequences out"};
    judge.objects_.assign(objects.begin(), objects.end());
    judge.scores_.resize(judge.folders_.size() + 1 + has_model);
    for (SequenceScores& scores : judge.scores_) {
      scores.name = sequence.name;
      for (std::uint8_t object : judge.objects_) scores.objects.push_back({object, {}, {}});
    }
    return judge;
  }

  const LabelImage& first() const { return first_; }
  const std::vector<std::uint8_t>& objects() const { return objects_; }

  /// Scores a frame, where it is one that counts. `tracked`: the model's labels, absent without a model.
  Status take(int frame, const std::vector<std::uint8_t>* tracked) {
    if (frame < sequence_.first_scored() || frame > sequence_.last_scored()) return {};
    const std::string& name = sequence_.mask_names[frame];
    MASKLET_ASSIGN(const LabelImage truth, read_objects(in(sequence_.masks, name)));
    MASKLET_TRY(check_same_size(in(sequence_.masks, name), first_, truth));
    std::size_t method = 0;
    if (tracked) add(method++, *tracked, truth);
    for (const std::string& folder : folders_) {
      MASKLET_ASSIGN(const LabelImage predicted, read_objects(in(folder, name)));
      MASKLET_TRY(check_same_size(in(folder, name), truth, predicted));
      add(method++, predicted.labels, truth);
    }
    add(method, first_.labels, truth);
    return {};
  }

  std::vector<SequenceScores> scores() && { return std::move(scores_); }

 private:
  SequenceJudge(const DavisSequence& sequence, std::vector<std::string> folders)
      : sequence_(sequence), folders_(std::move(folders)) {}

  void add(std::size_t method, const std::vector<std::uint8_t>& labels, const LabelImage& truth) {
    Annotation annotation{truth.labels, truth.width, truth.height, {}};
    if (truth.indexed) annotation.void_label = kVoid;
    const std::vector<FrameScore> scores = score_frame(labels, annotation, objects_);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      scores_[method].objects[i].j.push_back(scores[i].j);
      scores_[method].objects[i].f.push_back(scores[i].f);
    }
  }

  DavisSequence sequence_;
  std::vector<std::string> folders_;
  LabelImage first_;
  std::vector<std::uint8_t> objects_;
  std::vector<SequenceScores> scores_;  // by method
};

class Run {
 public:
  Run(const EvaluateOptions& options, std::vector<DavisSequence> sequences, std::vector<std::string> methods)
      : options_(options),
        sequences_(std::move(sequences)),
        methods_(std::move(methods)),
        progress_(options.progress),
        memory_(options.memory, progress_) {}

  Result<Evaluation> run() {
    // All that takes a moment is looked at before the model is loaded and hours are spent.
    MASKLET_TRY(find_predicted());
    MASKLET_TRY(make_folders());
    if (options_.model) MASKLET_TRY(load());
    Evaluation evaluation;
    evaluation.expected_sequences = static_cast<int>(sequences_.size());
    for (const std::string& name : methods_) evaluation.methods.push_back({name, {}});
    for (std::size_t i = 0; i < sequences_.size() && evaluation.status.ok(); ++i)
      evaluation.status = score(i, evaluation);
    evaluation.memory = memory_.memory(nullptr);
    evaluation.steps = memory_.steps();
    return evaluation;
  }

 private:
  Status load() {
    ModelOptions model = *options_.model;
    tracking_ = options_.tracking;
    tracking_.history_frames = 0;  // nothing is corrected later, so memory does not grow with the clip
    MASKLET_ASSIGN(const TrackingScene scene, largest_scene());
    MASKLET_TRY(memory_.prepare(scene, model, tracking_, nullptr));
    progress_.tell_memory([this] { return memory_.memory(nullptr); });
    progress_.begin("load", 0);
    MASKLET_ASSIGN(host_, load_model_host(model));
    return {};
  }

  /// The most pixels and the most objects of any sequence: what the plan must have room for.
  Result<TrackingScene> largest_scene() const {
    TrackingScene scene;
    scene.origin = FrameOrigin::image_files;
    scene.labels = true;
    for (std::size_t i = 0; i < sequences_.size(); ++i) {
      MASKLET_ASSIGN(const SequenceJudge judge, SequenceJudge::open(sequences_[i], predicted_[i], true));
      scene.clip.width = std::max(scene.clip.width, judge.first().width);
      scene.clip.height = std::max(scene.clip.height, judge.first().height);
      scene.objects = std::max(scene.objects, static_cast<int>(judge.objects().size()));
    }
    return scene;
  }

  Status find_predicted() {
    for (const DavisSequence& sequence : sequences_) {
      std::vector<std::string>& folders = predicted_.emplace_back();
      for (const PredictedMasks& masks : options_.predicted) {
        MASKLET_ASSIGN(folders.emplace_back(), find_masks(masks, sequence, sequences_.size() == 1));
      }
    }
    return {};
  }

  Status make_folders() const {
    if (options_.output.empty()) return {};
    for (const DavisSequence& sequence : sequences_) MASKLET_TRY(make_folder(masks_of(sequence)));
    if (options_.sheet) MASKLET_TRY(make_folder(in(options_.output, "sheets")));
    return {};
  }

  std::string masks_of(const DavisSequence& sequence) const {
    return in(in(options_.output, "masks"), sequence.name);
  }

  Status score(std::size_t index, Evaluation& evaluation) {
    const DavisSequence& sequence = sequences_[index];
    MASKLET_ASSIGN(SequenceJudge judge, SequenceJudge::open(sequence, predicted_[index], host_ != nullptr));
    progress_.begin(sequence.name, sequence.frame_count());
    MASKLET_TRY(check_stop(evaluation));
    MASKLET_TRY(host_ ? track(sequence, judge, evaluation) : read_along(sequence, judge, evaluation));
    std::vector<SequenceScores> scores = std::move(judge).scores();
    for (std::size_t i = 0; i < scores.size(); ++i)
      evaluation.methods[i].sequences.push_back(std::move(scores[i]));
    const int frames = sequence.frame_count();
    evaluation.shortest_frames =
        evaluation.sequences == 0 ? frames : std::min(evaluation.shortest_frames, frames);
    evaluation.longest_frames = std::max(evaluation.longest_frames, frames);
    ++evaluation.sequences;
    return {};
  }

  Status check_stop(const Evaluation& evaluation) const {
    if (!options_.stop || !options_.stop()) return {};
    return Error{ErrorCode::cancelled,
                 evaluation.sequences == 0
                     ? "interrupted before a sequence was finished, so there are no scores"
                     : "interrupted after " + std::to_string(evaluation.sequences) + " of " +
                           std::to_string(evaluation.expected_sequences) +
                           " sequences; their scores are kept"};
  }

  Status read_along(const DavisSequence& sequence, SequenceJudge& judge, const Evaluation& evaluation) {
    for (int frame = 0; frame < sequence.frame_count(); ++frame) {
      MASKLET_TRY(judge.take(frame, nullptr));
      progress_.advance(frame);
      MASKLET_TRY(check_stop(evaluation));
    }
    return {};
  }

  Status track(const DavisSequence& sequence, SequenceJudge& judge, const Evaluation& evaluation) {
    std::vector<int> order(sequence.frame_count());
    std::iota(order.begin(), order.end(), 0);
    MASKLET_ASSIGN(const std::unique_ptr<FrameSource> frames, open_frame_folder(sequence.frames, order));
    const Clip clip{frames->width(), frames->height(), frames->frame_count()};
    MASKLET_TRY(check_annotation_size(sequence, clip, judge.first()));
    MASKLET_ASSIGN(const std::unique_ptr<Session> session,
                   Session::create(host_->model, clip, tracking_, memory_.session_host()));
    for (std::uint8_t object : judge.objects()) {
      MASKLET_TRY(prompt(*session, judge.first(), object));
      MASKLET_TRY(drive(*session, host_->runtime, *frames, {}));
    }
    ContactSheet sheet(clip.frame_count);
    MASKLET_TRY(session->propagate({0, std::nullopt, false}));
    MASKLET_TRY(drive(*session, host_->runtime, *frames, [&](const FrameResult& result) -> Status {
      const int side = host_->model.architecture.low_res_size();
      const std::vector<std::uint8_t> labels = frame_masks(result, side, clip, true).labels;
      MASKLET_TRY(judge.take(result.frame, &labels));
      MASKLET_TRY(write(sequence, result.frame, labels, *frames, sheet));
      progress_.advance(result.frame);
      return check_stop(evaluation);
    }));
    if (!options_.sheet) return {};
    return sheet.write(in(in(options_.output, "sheets"), sequence.name + ".png"));
  }

  static Status check_annotation_size(const DavisSequence& sequence, const Clip& clip,
                                      const LabelImage& first) {
    if (first.width == clip.width && first.height == clip.height) return {};
    return Error{ErrorCode::unsupported_file,
                 "the frames of the sequence '" + sequence.name + "' are " + std::to_string(clip.width) +
                     " x " + std::to_string(clip.height) + " pixels and its annotations " +
                     std::to_string(first.width) + " x " + std::to_string(first.height) +
                     "; give both in one size, as in DAVIS's 480p folders"};
  }

  Status prompt(Session& session, const LabelImage& first, int object) const {
    if (options_.prompt == PromptKind::mask) return session.add_mask(annotation_mask(first, object));
    return session.add_points(annotation_points(first, object, options_.prompt));
  }

  Status write(const DavisSequence& sequence, int frame, const std::vector<std::uint8_t>& labels,
               FrameSource& frames, ContactSheet& sheet) const {
    if (options_.output.empty()) return {};
    MASKLET_TRY(write_label_png(in(masks_of(sequence), sequence.mask_names[frame]), labels, frames.width(),
                                frames.height()));
    if (!options_.sheet || !sheet.wants(frame)) return {};
    MASKLET_ASSIGN(const ImageView image, frames.read(frame));
    return sheet.add(frame, image, labels);
  }

  const EvaluateOptions& options_;
  std::vector<DavisSequence> sequences_;
  std::vector<std::string> methods_;
  std::vector<std::vector<std::string>> predicted_;  // folders, by sequence and method
  Progress progress_;
  MemoryKeeper memory_;  // outlives what it accounts for
  TrackingOptions tracking_;
  std::unique_ptr<ModelHost> host_;
};

}  // namespace

Result<Evaluation> evaluate(const EvaluateOptions& options) {
  MASKLET_ASSIGN(std::vector<std::string> methods, method_names(options));
  if (!options.model && (options.sheet || !options.output.empty()))
    return Error{
        ErrorCode::invalid_argument,
        "-o and --sheet write the masks of a model, and none is given; add --model or leave them out"};
  if (options.sheet && options.output.empty())
    return Error{ErrorCode::invalid_argument, "--sheet needs a folder to write to; add -o DIR"};
  MASKLET_ASSIGN(std::vector<DavisSequence> sequences,
                 open_davis(options.dataset, options.sequences, options.frames));
  return Run(options, std::move(sequences), std::move(methods)).run();
}

}  // namespace masklet::native
