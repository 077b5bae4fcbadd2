#pragma once

#include "core/base/result.h"
#include "core/graph/network.h"
#include "core/model/architecture.h"
#include "core/weights/checkpoint.h"
#include "core/weights/weight_storage.h"

namespace masklet {

/// How graphs are shaped for their target; results do not depend on it beyond rounding, which is coarse with q8.
struct GraphOptions {
  /// Queries that attend at once. Memory for scores is chunk x keys x 4 bytes a head.
  int attention_chunk = 256;
  /// The image encoder takes f32 pixels in 0 .. 1 (image mode, whose resize does not round) instead of u8.
  bool float_image = false;
  /// What the runtime keeps the weights of matrices as, most of a model. f16 ones are widened as they are used; q8
  /// multiplies in int8, and keeps the mask decoder's as f16.
  WeightStorage weights = WeightStorage::f32;
};

/// Names of the networks' inputs and outputs, with their shapes. S is the input size, N = (S/16)^2 tokens,
/// d = d_model, m = mem_dim. Maps are tokens in row-major order.
namespace tensor_names {

// image_encoder
inline constexpr std::string_view kImage = "image_hwc";                ///< [S, S, 3] u8, or f32 in 0 .. 1
inline constexpr std::string_view kVisionTokens = "vision_tokens_nc";  ///< [N, d]
inline constexpr std::string_view kHighRes0 = "high_res_0_nc";         ///< [16 N, d/8], stride 4
inline constexpr std::string_view kHighRes1 = "high_res_1_nc";         ///< [4 N, d/4], stride 8

// memory_attention: kVisionTokens and
inline constexpr std::string_view kSpatialMemory = "spatial_memory_mnc";    ///< [M, N, m], M >= 1
inline constexpr std::string_view kTemporalRow = "temporal_row_m";          ///< [M] i64, row of maskmem_tpos_enc
inline constexpr std::string_view kPointers = "pointers_pc";                ///< [P, d], P >= 0
inline constexpr std::string_view kPointerTime = "pointer_time_p";          ///< [P] distance / (window - 1)
inline constexpr std::string_view kConditionedTokens = "conditioned_tokens_nc";  ///< [N, d]

// mask_decoder: kHighRes0, kHighRes1 and
inline constexpr std::string_view kFeatureTokens = "feature_tokens_nc";  ///< [N, d], vision or conditioned tokens
inline constexpr std::string_view kNoMemory = "no_memory_1";             ///< [1] f32: 1 adds no_mem_embed, 0 not
inline constexpr std::string_view kPoints = "points_px";                 ///< [P, 2] (x, y) in input pixels, P >= 1
inline constexpr std::string_view kLabels = "labels_p";                  ///< [P] i64: -1 pad, 0, 1, 2, 3
inline constexpr std::string_view kMaskPrompt = "mask_prompt_hw";        ///< [S/4, S/4] f32 logits
inline constexpr std::string_view kHasMask = "has_mask_1";               ///< [1] f32: 1 uses the mask prompt
inline constexpr std::string_view kMasks = "masks_khw";                  ///< [4, S/4, S/4] logits, not gated
inline constexpr std::string_view kIous = "ious_k";                      ///< [4], in 0 .. 1
inline constexpr std::string_view kTokenPointers = "token_pointers_kc";  ///< [4, d], obj_ptr_proj of each mask token
inline constexpr std::string_view kObjectScore = "object_score_1";       ///< [1], > 0: the object is there

// memory_encoder: kVisionTokens and
inline constexpr std::string_view kMaskLogits = "mask_logits_hw";  ///< [S/4, S/4]
inline constexpr std::string_view kBinarise = "binarise_1";        ///< [1] f32: 1 for prompted frames
inline constexpr std::string_view kNoObject = "no_object_1";       ///< [1] f32: 1 where the object is absent
inline constexpr std::string_view kMemory = "memory_nc";           ///< [N, m]

}  // namespace tensor_names

/// Builds one network from a checkpoint, reading its tensors one at a time.
/// Errors: weights_mismatch (missing, misshapen, not finite), and the source's own.
Result<Network> build_network(NetworkId id, const Architecture& architecture, Checkpoint& checkpoint,
                              const GraphOptions& options);

}  // namespace masklet
