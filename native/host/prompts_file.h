#pragma once

#include <string>
#include <vector>

#include "native/host/clip_prompts.h"

namespace masklet::native {

/// Reads prompts from a JSON file: a list, or an object whose "prompts" is one, as the first line of a
/// masklets.jsonl is. Each prompt is {"object": 1, "frame": 0, "points": [[x, y], ...], "labels": [1, 0,
/// ...], "box": [x0, y0, x1, y1], "mask": "file.png"}: points (label 1 is the object, 0 is not) or a box or
/// both, or a mask, whose path counts from the file's folder. Object and frame are 1 and 0 where they are
/// left out, labels all 1. Errors: io_failed; invalid_argument, naming prompt and field. The prompts are not
/// merged yet.
Result<std::vector<ClipPrompt>> read_prompts_file(const std::string& path);

}  // namespace masklet::native
