#pragma once

#include <emscripten/val.h>

#include "wasm/checkpoint_handle.h"

namespace masklet::wasm {

/// {value: plan_json} for a session with a model, priced for a host in a browser. `request`: {limit, degrade, weights,
/// host (the fields of HostCosts: program, weightsHeld, weightsLoading, spare, mostSpare, run, pictureBytes,
/// decoderPictures), clip, read (as PlanRequest's read_width), objects, promptedFrames, keepsTrack, bothWays, labels, tracking, asked: {attentionChunk,
/// heldFrames, hotFrames}}. A limit of 0 is none.
emscripten::val plan_session(const ModelHandle& model, emscripten::val request);

/// {error} where a clip {width, height, frameCount} is larger than `limits`: {maxVideoFrames, maxFrameDimension}.
emscripten::val check_clip(emscripten::val clip, emscripten::val limits);

/// {width, height}: downscaled_size of a clip's frames.
emscripten::val downscaled_size_of(emscripten::val clip, int longest);

}  // namespace masklet::wasm
