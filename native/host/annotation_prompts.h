#pragma once

#include <string>

#include "core/tracking/session.h"
#include "native/media/png_file.h"

namespace masklet::native {

/// What a model is told of an object on the first frame: its mask, the one pixel that lies deepest in it, or
/// the tight box around it.
enum class PromptKind { mask, click, box };

/// Errors: invalid_argument.
Result<PromptKind> parse_prompt_kind(const std::string& text);
const char* name_of(PromptKind kind);

/// The calls that prompt an object on frame 0 as `first`, the annotation of that frame, shows it. The click
/// is innermost_pixel's; the box runs from the first pixel's coordinates to the last one's, as SAM 2 was
/// trained. The object is in the annotation.
MaskPrompt annotation_mask(const LabelImage& first, int object);
PointPrompt annotation_points(const LabelImage& first, int object, PromptKind click_or_box);

}  // namespace masklet::native
