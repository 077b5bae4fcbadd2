#pragma once

#include <emscripten/val.h>

#include <memory>
#include <string>

#include "core/graph/networks.h"
#include "core/tracking/model.h"

namespace masklet::wasm {

/// A model's architecture and constants, shared by its sessions.
struct ModelHandle {
  Model model;

  /// {name, imageSize, lowResSize, modelJson}.
  emscripten::val describe() const;
};

/// A network as the runtime loads it. Both arrays are views of core's memory, so that the weights are not there once
/// more: good until the handle is deleted, while nothing else is called on this instance of core.
class NetworkHandle {
 public:
  explicit NetworkHandle(Network network) : network_(std::move(network)) {}

  emscripten::val onnx() const;
  emscripten::val weights() const;

 private:
  Network network_;
};

/// A checkpoint over bytes that JavaScript hands over by ranges: an object {size, read(offset, view)}, whose read
/// fills a view of core's memory and returns undefined, or a message where it cannot.
class CheckpointHandle {
 public:
  /// {value: CheckpointHandle}.
  static emscripten::val open(emscripten::val source);

  /// The architecture that the tensors show, or that `model_json` gives where it is not empty; another input size
  /// than its own where `image_size` is not 0. {value: ModelHandle}.
  emscripten::val recognise(const std::string& model_json, int image_size);

  /// {value: NetworkHandle} of a network by its name.
  emscripten::val network(const ModelHandle& model, const std::string& name, emscripten::val options);

 private:
  explicit CheckpointHandle(std::unique_ptr<Checkpoint> checkpoint) : checkpoint_(std::move(checkpoint)) {}

  std::unique_ptr<Checkpoint> checkpoint_;
};

}  // namespace masklet::wasm
