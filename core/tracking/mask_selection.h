#pragma once

#include <vector>

#include "core/base/tensor.h"
#include "core/model/architecture.h"

namespace masklet {

/// The mask decoder's outputs, as tensor_names describes them.
struct DecoderOutputs {
  Tensor masks_khw;
  Tensor ious_k;
  Tensor token_pointers_kc;
  Tensor object_score;
};

/// Constants of the model that core itself applies.
struct ModelConstants {
  std::vector<float> no_object_pointer;       ///< [d], no_obj_ptr
  std::vector<float> mask_downsample_weight;  ///< [4 * 4]
  float mask_downsample_bias = 0;
};

/// What becomes of the decoder's outputs.
struct SelectedMask {
  Tensor masks_khw;           ///< the masks that were in the choice, [3 or 1, S/4, S/4]
  std::vector<float> ious;    ///< of those masks
  int best = 0;               ///< the one chosen
  std::vector<float> pointer; ///< [d]
  float object_score = 0;
};

/// Whether the decoder's three masks compete: for no point and for one (_use_multimask).
inline bool uses_multimask(std::size_t points) { return points <= 1; }

/// Chooses among the masks: the highest IoU of the three, or the single mask, unless it is unstable
/// (mask_decoder.py forward and _dynamic_multimask_via_stability). Logits are not gated.
SelectedMask select_mask(const DecoderOutputs& outputs, bool multimask);

/// Where the object score says "absent": logits become -1024 and the pointer no_obj_ptr (_forward_sam_heads).
void gate_by_object_score(SelectedMask& mask, const ModelConstants& constants);

/// The logit of every pixel of an absent object.
inline constexpr float kNoObjectLogit = -1024.0f;

}  // namespace masklet
