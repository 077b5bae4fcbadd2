#pragma once

#include <emscripten/val.h>

#include <string>
#include <vector>

#include "core/output/masklets_lines.h"
#include "core/tracking/frame_result.h"
#include "core/tracking/image_predictor.h"

namespace masklet::wasm {

/// A frame's masks at the size of the clip: {frame, objects: [{id, score, iou, area, box, counts, ...}], ...}, counts
/// being the compressed COCO RLE. `forms` asks for more: bitmap, image and matte an object, labels and overlay a frame;
/// overlay is an array of [label, r, g, b, a].
emscripten::val frame_value(const FrameResult& result, int low_res_size, const Clip& clip, emscripten::val forms);

/// The same masks from their RLE alone, thus without matte; where objects overlap, the later one is in front.
emscripten::val frame_from_rle(emscripten::val frame, emscripten::val clip, emscripten::val forms);

/// [{iou, area, box, counts, logits, ...}] of image mode.
emscripten::val image_masks_value(const std::vector<ImageMask>& masks, int low_res_size, int width, int height,
                                  emscripten::val forms);

// masklets.jsonl's lines: {value: string}.
emscripten::val header_line(emscripten::val header);
emscripten::val frame_line(emscripten::val frame, double time_s, emscripten::val clip);
std::string end_line(int frames, const std::string& reason);

/// {value: number}: intersection over union of two compressed RLEs of one size.
emscripten::val iou_of(emscripten::val clip, const std::string& a, const std::string& b);

/// {value: Uint8Array}: a frame of the procedural clip {width, height, objects, seed}, as RGB.
emscripten::val synth_frame(emscripten::val clip, int frame);

}  // namespace masklet::wasm
