#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/graph/networks.h"
#include "core/tracking/model.h"
#include "native/runtime/runtime.h"

namespace masklet::native {

struct ModelOptions {
  /// A .pt or .safetensors checkpoint, a folder with model.json and model.safetensors, or the name of a model that
  /// comes with masklet ("nano").
  std::string path;
  /// model.json for a checkpoint of no published size; empty: recognised by the tensors.
  std::string architecture_path;
  /// Another input size S than the architecture's, 0 for its own.
  int image_size = 0;
  GraphOptions graph;
  RuntimeOptions runtime;
};

/// The file with a model's weights: the checkpoint itself, or that of the model folder. Errors: those of find_model.
Result<std::string> find_weights(const std::string& model);

/// A checkpoint and the model.json that was given with it or lies beside it, not yet held against each other.
struct UncheckedModel {
  std::unique_ptr<Checkpoint> checkpoint;
  std::optional<Architecture> given;
};

/// Errors: those of find_model, open_checkpoint and parse_architecture.
Result<UncheckedModel> open_unchecked(const ModelOptions& given);

/// A checkpoint with the architecture that it fits.
struct OpenedModel {
  std::unique_ptr<Checkpoint> checkpoint;
  Architecture architecture;
};

/// Errors: those of open_unchecked, unknown_architecture, weights_mismatch.
Result<OpenedModel> open_model(const ModelOptions& options);

/// A model ready to run: constants for core, networks in the runtime.
struct ModelHost {
  Model model;
  OrtRuntime runtime;
};

/// A model that was opened, as load_model_host(options) loads it; `options` without the paths.
Result<std::unique_ptr<ModelHost>> load_model_host(const OpenedModel& opened, const ModelOptions& options);

/// Builds and loads the networks one at a time, so that the weights are never there twice as a whole.
Result<std::unique_ptr<ModelHost>> load_model_host(const ModelOptions& options);

}  // namespace masklet::native
