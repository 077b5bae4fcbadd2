#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/output/masklets_lines.h"
#include "native/host/atomic_file.h"

namespace masklet::native {

/// masklets.jsonl, whose lines core/output/masklets_lines.h describes. Every line is handed to the system at
/// once, under a draft name that finish() turns into the file's own.
class MaskletsFile {
 public:
  /// Errors: io_failed.
  static Result<MaskletsFile> create(const std::string& path, const MaskletsHeader& header);

  /// A frame's line. Errors: io_failed.
  Status add(const std::string& line);
  /// `reason`: why the results are partial; empty: they are whole. Where the disk is full, the last frames
  /// make room for the end line.
  Status finish(const std::string& reason);

  int frames() const { return frames_; }

 private:
  explicit MaskletsFile(AtomicFile file) : file_(std::move(file)) {}
  Status write_end(const std::string& reason);

  AtomicFile file_;
  int frames_ = 0;
  std::vector<std::uint64_t> frame_ends_;  // bytes of the file up to each frame's line, inclusive
};

}  // namespace masklet::native
