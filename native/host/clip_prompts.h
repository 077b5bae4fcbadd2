#pragma once

#include <vector>

#include "core/output/masklets_lines.h"
#include "core/tracking/session.h"

namespace masklet::native {

/// Joins what belongs to the same object and frame, and sorts by frame, then object. Errors: invalid_argument
/// where prompts contradict each other (two boxes, two masks, a mask with points or a box, a pixel that is
/// and is not the object), where an id is not from 1 to 255, or where an object has negative clicks alone, unless
/// `corrections`: then it may be known already.
Result<std::vector<ClipPrompt>> merge_prompts(const std::vector<ClipPrompt>& prompts, bool corrections = false);

/// Errors: invalid_argument where a merged prompt says only where its object is not.
Status check_shows_object(const ClipPrompt& prompt);

/// Holds merged prompts against the clip, before a model is there. Errors: frame_out_of_range,
/// invalid_argument.
Status check_prompts(const std::vector<ClipPrompt>& prompts, const Clip& clip);

/// The call of a prompt with a mask: the pixels of an indexed PNG whose index is the object, or those of a
/// grey PNG that are not 0. Errors: those of reading; invalid_argument where the size is not the clip's or
/// the object is not in the file.
Result<MaskPrompt> read_mask_prompt(const ClipPrompt& prompt, const Clip& clip);

/// The call of a prompt with points or a box.
PointPrompt point_prompt(const ClipPrompt& prompt);

}  // namespace masklet::native
