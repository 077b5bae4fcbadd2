#pragma once

#include <CLI/CLI.hpp>

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
  command.add_option("--threads", options.runtime.threads, "Threads for inference (default: all cores)");
}

}  // namespace masklet::native
