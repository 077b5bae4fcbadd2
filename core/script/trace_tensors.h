#pragma once

#include <string>
#include <vector>

#include "core/tracking/image_predictor.h"
#include "core/tracking/tracker.h"
#include "core/weights/safetensors_writer.h"

namespace masklet {

/// Appends what a decoder call returned as tensors
/// sam_{low_res_multimasks,low_res_masks,ious,obj_ptr,object_score}_{tag}_o{object}_f{frame}: what both twins' traces
/// hold.
void append_decode(std::vector<NamedTensor>& tensors, const std::string& tag, const DecodeRecord& record);

/// Appends what the image encoder was given as encoder_input_{tag}_f{frame}; a frame that is encoded again under the same tag
/// stays as it was.
void append_input(std::vector<NamedTensor>& tensors, const std::string& tag, int frame, const Tensor& image);

}  // namespace masklet
