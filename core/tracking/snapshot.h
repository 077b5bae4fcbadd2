#pragma once

#include <string>
#include <vector>

#include "core/tracking/record_store.h"
#include "core/tracking/state.h"
#include "core/weights/safetensors_writer.h"

namespace masklet {

/// What a saved session says beside the state, so that either twin can go on with it. Everything may be empty.
struct SessionDetails {
  std::string clip_name;         ///< without folders
  std::string clip_fingerprint;  ///< core/weights/fingerprint.h of the video
  std::string model_name;
  std::string model_fingerprint;  ///< of the weights file
  std::string direction;          ///< "forward", "backward" or "both", as asked for
  std::string results;            ///< the frames' lines of masklets.jsonl, in the order of tracking
  /// Where `results` is empty: the bytes of those that whoever saves writes behind the rest, and whoever loads finds at the
  /// file's end.
  std::uint64_t results_bytes = 0;

  bool operator==(const SessionDetails&) const = default;
};

/// Writes a session's state as a .safetensors file, the same bytes on every target: the tensor "session" is JSON (u8)
/// with everything but the arrays, which follow under their own names. The details' texts are the file's metadata, the
/// results its tensor "results" (u8). Tracked frames' records lie packed in tensors of about a mebibyte, of which one at a
/// time is in memory. Records in `store`, the session's own, are read from there, and the bytes are those of a session that
/// has them in memory. Without it they stay where they are: what is written does not grow with the clip, and goes on only
/// with that store. Errors: the sink's, the store's.
Status save_state(const SessionState& state, const Architecture& architecture, const ByteSink& sink,
                  const SessionDetails& details = {}, RecordStore* store = nullptr);

/// Reads what save_state wrote; a session restored from it goes on with the same results, bit for bit.
/// With a `store`, tracked frames' records go there one by one; it is the session's own where save_state left some there.
/// Errors: corrupt_file (also where that store is missing), unsupported_file (another version), weights_mismatch (a session
/// of another architecture), the store's.
Result<SessionState> load_state(std::shared_ptr<ByteSource> source, const Architecture& architecture,
                                RecordStore* store = nullptr);

/// The architecture of the model that a saved session is for. Errors: corrupt_file, unsupported_file.
Result<Architecture> load_architecture(std::shared_ptr<ByteSource> source);

/// Whether a saved session may go on with a model and a clip, of which `given` says name and fingerprint; where either
/// side has no fingerprint there is nothing to compare. Errors: weights_mismatch for the model, invalid_argument for
/// the clip.
Status check_same_files(const SessionDetails& saved, const SessionDetails& given);

/// The same for the clip's size and its number of frames. Errors: invalid_argument.
Status check_same_size(const Clip& saved, const Clip& given);

/// The details of a saved session, with its results or else with their size. Errors: corrupt_file, unsupported_file.
Result<SessionDetails> load_details(std::shared_ptr<ByteSource> source, bool with_results = true);

}  // namespace masklet
