#pragma once

#include <optional>
#include <vector>

#include "core/budget/memory_account.h"
#include "core/tracking/mask_selection.h"
#include "core/tracking/memory_bank.h"
#include "core/tracking/model.h"
#include "core/tracking/task.h"

namespace masklet {

/// A frame's features, which lie with the host.
struct FrameFeatures {
  TensorHandle vision_tokens = 0;
  TensorHandle high_res_0 = 0;
  TensorHandle high_res_1 = 0;
};

/// The decoder's prompt in the network's own units.
struct DecoderPrompt {
  std::vector<float> points_px;       ///< x, y pairs in input pixels, padding points included
  std::vector<std::int64_t> labels;   ///< one a point
  std::vector<float> mask;            ///< [S/4 * S/4] logits, or empty
};

/// Asks the host for SAM 2's networks, one coroutine each: encode_image -> condition_on_memory -> decode_mask ->
/// encode_memory. Numbers the handles and knows which the host may drop.
class NetworksRunner {
 public:
  /// `account` is told of what steps carry; null: nobody is. It must live longer.
  NetworksRunner(const Model& model, StepMachine& machine, MemoryAccount* account = nullptr)
      : model_(model), machine_(machine), account_(account) {}

  /// Pixels [S, S, 3], u8 or f32 -> features kept by the host.
  Task<Result<FrameFeatures>> encode_image(Tensor image_hwc);

  /// Features attending to the selected memories -> conditioned tokens kept by the host.
  Task<Result<TensorHandle>> condition_on_memory(FrameFeatures features, const MemorySelection& memories);

  /// `tokens` are the features' own or conditioned ones; `add_no_memory` adds no_mem_embed.
  Task<Result<DecoderOutputs>> decode_mask(FrameFeatures features, TensorHandle tokens, bool add_no_memory,
                                           DecoderPrompt prompt);

  /// Mask logits at S/4 -> the memory of the frame, bf16 [N * m].
  Task<Result<std::vector<std::uint16_t>>> encode_memory(FrameFeatures features, const std::vector<float>& logits,
                                                         bool binarise, bool absent);

  /// The host may drop this tensor before the next network runs.
  void release(TensorHandle handle) { released_.push_back(handle); }
  void release(const FrameFeatures& features);

 private:
  Task<Result<std::vector<Tensor>>> run(RunNetwork step);
  TensorHandle new_handle() { return ++last_handle_; }

  const Model& model_;
  StepMachine& machine_;
  MemoryAccount* account_;
  TensorHandle last_handle_ = 0;
  std::vector<TensorHandle> released_;
};

}  // namespace masklet
