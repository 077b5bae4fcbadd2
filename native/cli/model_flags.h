#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "native/host/model_host.h"

namespace masklet::native {

/// The options by which every command takes its model.
inline void add_model_flags(CLI::App& command, ModelOptions& options, bool required = true) {
  command.add_option("--model", options.path, "nano, a checkpoint (.pt, .safetensors), or a model folder")
      ->required(required);
  command.add_option("--architecture", options.architecture_path,
                     "model.json of the checkpoint, where it is of no published size");
  command.add_option("--input-size", options.image_size, "Side of the square input in pixels (default: the model's)");
  command.add_option("--attention-chunk", options.graph.attention_chunk, "Queries that attend at once")
      ->capture_default_str();
  const auto set_dtype = [&options](const std::string& name) {
    const Result<WeightStorage> weights = parse_weight_storage(name);
    if (!weights) throw CLI::ValidationError("--dtype", weights.error().message);
    options.graph.weights = *weights;
  };
  command
      .add_option_function<std::string>("--dtype", set_dtype,
                                        "What weights are kept as in memory: f32, f16 (half of it), or q8 (int8, a third; "
                                        "masks differ a little)")
      ->default_str("f32");
  command.add_option("--threads", options.runtime.threads, "Threads for inference (default: all cores)");
}

}  // namespace masklet::native
