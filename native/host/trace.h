#pragma once

#include <string>

#include "core/base/result.h"
#include "native/host/model_host.h"

namespace masklet::native {

/// Runs a script (core/script) on a model and writes what every decoder call returned, as tensors named
/// sam_{low_res_multimasks,low_res_masks,ious,obj_ptr,object_score}_{tag}_o{object}_f{frame} for a session and
/// image_{low_res,iou}_{tag} for image mode.
/// `with_inputs` adds encoder_input_{tag}_f{frame}, what the image encoder was given.
Status trace(const std::string& script_path, const ModelOptions& options, const std::string& output_path,
             bool with_inputs = false);

/// The same result by another road: every call, and every frame of a propagation, runs in a process of its own,
/// which gets the session as a snapshot and hands it on the same way.
Status trace_by_relay(const std::string& script_path, const ModelOptions& options, const std::string& output_path);

/// One such process: takes the session from `relay_folder`, runs one call or frame, hands it on there.
Status run_relay_leg(const std::string& script_path, const ModelOptions& options, const std::string& relay_folder);

}  // namespace masklet::native
