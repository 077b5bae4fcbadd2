#include "native/host/script_runner.h"

#include <filesystem>

#include "core/script/trace_tensors.h"
#include "native/host/file_source.h"

namespace masklet::native {
namespace {

namespace fs = std::filesystem;

/// The file beside the script that holds the tensors which its calls name.
constexpr const char* kTensorsFile = "reference.safetensors";

std::string tag_of(const ScriptCall& call) {
  if (const auto* points = std::get_if<PointsCall>(&call)) return points->tag;
  if (const auto* mask = std::get_if<MaskCall>(&call)) return mask->tag;
  if (const auto* propagate = std::get_if<PropagateCall>(&call)) return propagate->tag;
  return {};
}

/// [masks, side, side] of an image prediction, as it would be given back to the model.
Tensor refinement_planes(const std::vector<ImageMask>& masks, std::int64_t side) {
  Tensor planes(DType::f32, {static_cast<std::int64_t>(masks.size()), side, side});
  auto* out = planes.f32().data();
  for (const ImageMask& mask : masks) out = std::copy(mask.refinement.begin(), mask.refinement.end(), out);
  return planes;
}

/// A folder whose files may be reordered, or a video.
Result<std::unique_ptr<FrameSource>> open_frames(const fs::path& path, const std::optional<std::vector<int>>& order) {
  if (order || fs::is_directory(path)) return open_frame_folder(path, order);
  return open_clip(path, {});
}

}  // namespace

Result<std::unique_ptr<ScriptRunner>> ScriptRunner::open(const std::string& script_path, ModelOptions options,
                                                         TensorList& tensors, bool with_inputs) {
  MASKLET_ASSIGN(const std::string text, read_text_file(script_path));
  MASKLET_ASSIGN(Script script, parse_script(text));
  const std::string folder = fs::path(script_path).parent_path().string();
  std::unique_ptr<ScriptRunner> runner(new ScriptRunner(folder, std::move(script), tensors, with_inputs));
  const bool image_mode = runner->script_.is_image_mode();
  options.graph.float_image = image_mode;
  MASKLET_ASSIGN(runner->frames_, open_frames(fs::path(folder) / runner->script_.frames, runner->script_.order));
  MASKLET_ASSIGN(runner->host_, load_model_host(options));
  if (image_mode) {
    runner->predictor_ = std::make_unique<ImagePredictor>(runner->model());
    return runner;
  }
  const FrameSource& frames = *runner->frames_;
  const int count = std::min(frames.frame_count(), runner->script_.frame_count.value_or(frames.frame_count()));
  MASKLET_ASSIGN(runner->session_, Session::create(runner->model(), {frames.width(), frames.height(), count},
                                                   runner->script_.options));
  runner->observe();
  return runner;
}

Status ScriptRunner::restore(SessionState state) {
  MASKLET_ASSIGN(session_, Session::restore(model(), std::move(state)));
  observe();
  return {};
}

void ScriptRunner::observe() {
  session_->observe_decodes([this](const DecodeRecord& record) { append_decode(tensors_, tag_, record); });
  if (!with_inputs_) return;
  session_->observe_inputs([this](int frame, const Tensor& image) { append_input(tensors_, tag_, frame, image); });
}

Status ScriptRunner::run_call(std::size_t index, const OnFrame& on_frame) {
  const ScriptCall& call = script_.calls[index];
  tag_ = tag_of(call);
  MASKLET_TRY(begin(call));
  HostLoop& loop = predictor_ ? static_cast<HostLoop&>(*predictor_) : *session_;
  MASKLET_TRY(drive(loop, host_->runtime, *frames_, on_frame));
  if (const auto* predict = std::get_if<PredictCall>(&call)) return keep_prediction(*predict);
  return {};
}

Status ScriptRunner::begin(const ScriptCall& call) {
  const bool is_image_call = std::holds_alternative<ImageCall>(call) || std::holds_alternative<PredictCall>(call);
  if (is_image_call != (predictor_ != nullptr))
    return Error{ErrorCode::invalid_argument, "the script mixes image calls (image, predict) with calls on a clip; "
                                              "write two scripts"};
  if (const auto* points = std::get_if<PointsCall>(&call)) return session_->add_points(points->prompt);
  if (const auto* mask = std::get_if<MaskCall>(&call)) return begin(*mask);
  if (const auto* clear = std::get_if<ClearCall>(&call)) return session_->clear_prompts(clear->object, clear->frame);
  if (const auto* remove = std::get_if<RemoveCall>(&call)) return session_->remove_object(remove->object);
  if (std::holds_alternative<ResetCall>(call)) return session_->reset();
  if (const auto* propagate = std::get_if<PropagateCall>(&call)) {
    const Result<const SessionState*> state = session_->state();
    if (state && (*state)->propagation) return session_->continue_propagation();
    return session_->propagate(propagate->request);
  }
  if (const auto* image = std::get_if<ImageCall>(&call))
    return predictor_->set_image(image->frame, frames_->width(), frames_->height());
  return begin(std::get<PredictCall>(call));
}

Status ScriptRunner::begin(const MaskCall& call) {
  const std::string path = (fs::path(folder_) / kTensorsFile).string();
  MASKLET_ASSIGN(const std::shared_ptr<ByteSource> source, open_file(path));
  MASKLET_ASSIGN(const std::unique_ptr<Checkpoint> file, open_checkpoint(source));
  MASKLET_ASSIGN(const Tensor mask, file->read(call.tensor));
  if (mask.dtype != DType::u8 || mask.shape.size() != 2)
    return Error{ErrorCode::invalid_argument, "mask tensor '" + call.tensor + "' is " +
                                                  std::string(dtype_name(mask.dtype)) + " " + to_string(mask.shape) +
                                                  "; it must be u8 [height, width]"};
  MaskPrompt prompt{call.object, call.frame, static_cast<int>(mask.shape[1]), static_cast<int>(mask.shape[0]), {}};
  const auto bitmap = mask.as<std::uint8_t>();
  prompt.bitmap.assign(bitmap.begin(), bitmap.end());
  return session_->add_mask(prompt);
}

Status ScriptRunner::begin(const PredictCall& call) {
  ImagePrompt prompt = call.prompt;
  if (!call.mask_input.empty()) {
    const auto earlier = predictions_.find(call.mask_input);
    if (earlier == predictions_.end() || call.mask_index < 0 ||
        call.mask_index >= static_cast<int>(earlier->second.size()))
      return Error{ErrorCode::invalid_argument, "mask_input '" + call.mask_input + "', mask " +
                                                    std::to_string(call.mask_index) +
                                                    " is not the answer to an earlier predict"};
    prompt.mask_input = earlier->second[call.mask_index].refinement;
  }
  return predictor_->predict(std::move(prompt));
}

Status ScriptRunner::keep_prediction(const PredictCall& call) {
  const std::vector<ImageMask>& masks = predictor_->masks();
  std::vector<float> ious;
  for (const ImageMask& mask : masks) ious.push_back(mask.iou);
  tensors_.push_back({"image_low_res_" + call.tag, refinement_planes(masks, model().architecture.low_res_size())});
  tensors_.push_back({"image_iou_" + call.tag, Tensor::from({static_cast<std::int64_t>(ious.size())}, ious)});
  predictions_[call.tag] = masks;
  return {};
}

}  // namespace masklet::native
