#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/script/script.h"
#include "native/host/drive.h"
#include "native/host/model_host.h"
#include "native/host/tensor_file.h"

namespace masklet::native {

/// Carries out a script's calls and collects what every decoder call returned.
class ScriptRunner {
 public:
  /// `tensors` must outlive the runner; `with_inputs` adds what the image encoder is given. Errors: those of the script, its frames and the model.
  static Result<std::unique_ptr<ScriptRunner>> open(const std::string& script_path, ModelOptions options,
                                                    TensorList& tensors, bool with_inputs = false);

  const Script& script() const { return script_; }
  const Model& model() const { return host_->model; }
  Session& session() { return *session_; }

  /// Puts a saved session in the place of the fresh one.
  Status restore(SessionState state);

  /// Carries out one call; `on_frame` sees its frames. A propagation that a restored session is in goes on.
  Status run_call(std::size_t index, const OnFrame& on_frame);

 private:
  ScriptRunner(std::string folder, Script script, TensorList& tensors, bool with_inputs)
      : folder_(std::move(folder)), script_(std::move(script)), tensors_(tensors), with_inputs_(with_inputs) {}
  Status begin(const ScriptCall& call);
  Status begin(const MaskCall& call);
  Status begin(const PredictCall& call);
  Status keep_prediction(const PredictCall& call);
  void observe();

  std::string folder_;
  Script script_;
  TensorList& tensors_;
  bool with_inputs_;
  std::unique_ptr<ModelHost> host_;
  std::unique_ptr<FrameSource> frames_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<ImagePredictor> predictor_;
  std::string tag_;  // of the call under way
  std::map<std::string, std::vector<ImageMask>> predictions_;  // by tag
};

}  // namespace masklet::native
