#pragma once

#include <vector>

#include "core/tracking/state.h"
#include "core/weights/safetensors_writer.h"

namespace masklet {

/// Writes a session's state as a .safetensors file, the same bytes on every target: the tensor "session" is JSON (u8)
/// with everything but the arrays, which follow under their own names. Errors: the sink's.
Status save_state(const SessionState& state, const Architecture& architecture, const ByteSink& sink);

/// Reads what save_state wrote; a session restored from it goes on with the same results, bit for bit.
/// Errors: corrupt_file, unsupported_file (another version), weights_mismatch (a session of another architecture).
Result<SessionState> load_state(std::shared_ptr<ByteSource> source, const Architecture& architecture);

}  // namespace masklet
