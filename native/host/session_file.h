#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/output/masklets_lines.h"
#include "core/tracking/snapshot.h"
#include "native/host/model_host.h"

namespace masklet::native {

/// A saved session's file before its model is there: what it says of its files, and its results.
struct SavedSession {
  std::shared_ptr<ByteSource> source;
  SessionDetails details;
  std::vector<MaskletsLine> lines;
};

/// Errors: io_failed, corrupt_file, unsupported_file.
Result<SavedSession> open_session(const std::string& path);

/// Names and fingerprints of a clip and a model, as a session is saved with them. A folder of frames has no
/// fingerprint. Errors: those of find_model and of reading.
Result<SessionDetails> describe_files(const std::string& clip_path, const ModelOptions& model);

/// Writes a session; the file appears whole, or stays as it was. Errors: io_failed.
Status write_session(const std::string& path, const SessionState& state, const Architecture& architecture,
                     const SessionDetails& details);

}  // namespace masklet::native
