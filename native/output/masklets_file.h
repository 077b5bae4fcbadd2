#pragma once

#include <string>

#include "core/output/masklets_lines.h"
#include "native/host/atomic_file.h"

namespace masklet::native {

/// masklets.jsonl, whose lines core/output/masklets_lines.h describes. Every line is handed to the system at once,
/// under a draft name that finish() turns into the file's own.
class MaskletsFile {
 public:
  /// Errors: io_failed.
  static Result<MaskletsFile> create(const std::string& path, const MaskletsHeader& header);

  Status add(int frame, const FrameMasks& masks);
  /// `reason`: why the results are partial; empty: they are whole.
  Status finish(const std::string& reason);

  int frames() const { return frames_; }

 private:
  MaskletsFile(AtomicFile file, const Clip& clip) : file_(std::move(file)), clip_(clip) {}

  AtomicFile file_;
  Clip clip_;
  int frames_ = 0;
};

}  // namespace masklet::native
