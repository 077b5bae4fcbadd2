#pragma once

#include <emscripten/val.h>

#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/tensor.h"
#include "core/frame/video_frame.h"
#include "core/tracking/options.h"
#include "core/tracking/session.h"
#include "core/tracking/image_predictor.h"
#include "core/tracking/step.h"

// Conversions between core's types and JavaScript's values. A view of the heap never leaves a call: what JavaScript
// gets is copied, and what it hands over is copied into core's memory.

namespace masklet::wasm {

using emscripten::val;

/// What every call returns: {value} or {error: {code, message}}.
val success(val value = val::undefined());
val failure(const Error& error);
inline val outcome(const Status& status) { return status ? success() : failure(status.error()); }

/// Runs a call's body; memory that cannot be had becomes an error as core's own are.
template <class Body>
val guarded(Body&& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return failure({ErrorCode::out_of_memory,
                    "core's memory is full; close other sessions, keep fewer frames or raise memoryLimit"});
  }
}

/// A Uint8Array of its own.
val copy_bytes(std::span<const std::byte> bytes);
val copy_bytes(std::span<const std::uint8_t> bytes);
val copy_floats(std::span<const float> values);

/// A Uint8Array's bytes into memory of the same size.
void read_bytes(const val& array, std::span<std::byte> out);
std::vector<std::uint8_t> bytes_of(const val& array);
std::vector<float> floats_of(const val& array);

int int_or(const val& object, const char* key, int fallback);
bool bool_or(const val& object, const char* key, bool fallback);
std::string string_or(const val& object, const char* key, const std::string& fallback);
std::optional<int> optional_int(const val& object, const char* key);

/// {width, height, frameCount}.
Clip clip_of(const val& object);
/// The fields of TrackingOptions in camel case; what is absent keeps its default. Errors: invalid_argument for a policy
/// of no known name.
Result<TrackingOptions> options_of(const val& object);
/// points: Float32Array of x, y; labels: array; box: array of four or undefined.
std::vector<Point> points_of(const val& object);
std::optional<std::array<float, 4>> box_of(const val& object);
/// {object, frame, points, labels, box, keepOld}.
PointPrompt point_prompt_of(const val& object);
ImagePrompt image_prompt_of(const val& object);

/// {kind: "done" | "frame" | "run" | "ready", ...}: step.h in JavaScript's words. Tensors are copies.
val to_value(const Step& step);
/// {type: "float32" | "uint8" | "int64", dims, data: Uint8Array}.
Result<Tensor> tensor_of(const val& object);

/// {format, width, height, planes: [{offset, stride}], matrix, fullRange, quarterTurns}; `data` holds the planes.
Result<VideoFrame> video_frame_of(const val& object, std::span<const std::uint8_t> data);

}  // namespace masklet::wasm
