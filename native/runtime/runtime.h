#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/tensor.h"
#include "core/budget/memory_account.h"
#include "core/graph/network.h"
#include "core/tracking/step.h"
#include "native/runtime/ort_api.h"

namespace masklet::native {

struct RuntimeOptions {
  /// Threads that share one operator; 0 for every core that this process may use.
  int threads = 0;

  /// Most bytes that the networks may hold at once: weights, the tensors of a run, and those kept for later
  /// runs. 0 for no limit. Not in it: the runtime's code and thread stacks (about 25 MB), models while they
  /// load, and the inputs and outputs of steps, which are core's.
  std::size_t memory_limit_bytes = 0;

  /// Who is charged for what the networks hold; null: nobody. It must live longer than the runtime.
  MemoryAccount* account = nullptr;

  /// Reuse one allocation plan for runs of equal shapes.
  bool memory_pattern = true;

  /// Idle threads poll for work while a run lasts: faster, at the cost of processor time. They never do in
  /// between, where they would slow the next network down.
  bool spin = true;

  /// Rearrange weights for the kernels as they load. Without it a network takes its weights' size less while it loads,
  /// runs up to a tenth slower, and gives the same numbers to rounding.
  bool pack_weights = true;

  ort::OptimizationLevel optimization = ort::OptimizationLevel::all;

  /// What ONNX Runtime writes to stderr. Failures come back as errors, so nothing needs to be written.
  ort::LogLevel log_level = ort::LogLevel::fatal;

  /// The shared library; empty for the search that ort::open_library describes.
  std::string library_path;
};

/// What the networks hold of memory_limit_bytes.
struct MemoryUse {
  std::size_t in_use_bytes = 0;  ///< weights and kept tensors
  std::size_t peak_bytes = 0;    ///< the most that was held so far, during loads and runs
  std::size_t last_bytes = 0;    ///< the most that the last load or run held on top of what was there before
};

/// Runs core's networks on ONNX Runtime's CPU provider: the native host of step.h. There is nothing clever in
/// it: a step's inputs go in as they are, its outputs come back or stay under their handles.
///
/// One thread at a time may call into one OrtRuntime; several OrtRuntimes may be used from several threads.
/// After an error it can be used as before: networks and kept tensors are those from before the call. Error
/// messages name the network and the runtime's own words.
class OrtRuntime {
 public:
  /// io_failed or runtime_failed: no usable library. invalid_argument: negative threads.
  static Result<OrtRuntime> create(const RuntimeOptions& options = {});

  OrtRuntime(OrtRuntime&&) noexcept;
  OrtRuntime& operator=(OrtRuntime&&) noexcept;
  ~OrtRuntime();

  /// Prepares a network for running. Copies what it needs: the buffers of `network` may be freed afterwards.
  /// invalid_state: the network is loaded already. out_of_memory: its weights do not fit under the limit, or
  /// memory ran out. runtime_failed: not a model, or one that contradicts its weights.
  Status load(const Network& network);

  /// Frees a network's weights and threads. Tensors that it made and that are kept stay.
  /// invalid_state: it is not loaded.
  Status unload(NetworkId id);

  bool loaded(NetworkId id) const;

  /// Runs a step: drops the handles that it releases, reads its inputs in place, keeps outputs with a handle
  /// under it (replacing what was there) and returns the others in the step's order. invalid_state: the
  /// network is not loaded. invalid_argument: a handle that is not kept, or a tensor whose bytes are not
  /// those of its shape. out_of_memory: the limit. runtime_failed: names or shapes that the network does not
  /// take.
  Result<std::vector<Tensor>> run(const RunNetwork& step);

  /// Frees kept tensors; handles that are not kept are ignored.
  void release(std::span<const TensorHandle> handles);

  /// Frees all kept tensors, as when the only session closes.
  void release_all();

  /// A copy of a kept tensor. invalid_argument: not kept.
  Result<Tensor> read_kept(TensorHandle handle) const;

  /// Bytes of all kept tensors.
  std::size_t kept_bytes() const;

  /// Bytes of the loaded networks as they were given: models and weights.
  std::size_t weight_bytes() const;

  MemoryUse memory_use() const;

  /// "1.30.0", and where the library was found.
  const std::string& library_version() const;
  const std::string& library_path() const;

 private:
  struct State;
  explicit OrtRuntime(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace masklet::native
