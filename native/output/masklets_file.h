#pragma once

#include <string>
#include <vector>

#include "core/tracking/frame_masks.h"
#include "native/host/atomic_file.h"
#include "native/host/clip_prompts.h"

namespace masklet::native {

/// What the first line of a masklets.jsonl says.
struct MaskletsHeader {
  std::string input;  ///< name of the clip, without its folders
  std::string model;  ///< name of the checkpoint or model folder
  int input_size = 0;
  Clip clip;
  std::string direction;
  std::vector<ClipPrompt> prompts;
};

/// masklets.jsonl: one JSON object a line. First the header {"masklets": 1, ...}; then each frame in the
/// order of tracking, {"frame", "time" in seconds, "objects": [{"id", "rle": {"size": [h, w], "counts"}, "score", "iou", "area",
/// "box"}]}, where the RLE is COCO's compressed one, the score is above 0 where the object is on the frame
/// and the box is [x, y, width, height]; last {"end": {"frames", "partial"}}, with the "reason" where it is
/// partial. Every line is handed to the system at once, under a draft name that finish() turns into the
/// file's own.
class MaskletsFile {
 public:
  /// Errors: io_failed.
  static Result<MaskletsFile> create(const std::string& path, const MaskletsHeader& header);

  Status add(int frame, double time_s, const FrameMasks& masks);
  /// `reason`: why the results are partial; empty: they are whole. Where the disk is full, the last frames make room
  /// for the end line.
  Status finish(const std::string& reason);

  int frames() const { return frames_; }

 private:
  MaskletsFile(AtomicFile file, const Clip& clip) : file_(std::move(file)), clip_(clip) {}
  Status write_end(const std::string& reason);

  AtomicFile file_;
  Clip clip_;
  int frames_ = 0;
  std::vector<std::uint64_t> frame_ends_;  // bytes of the file up to each frame's line, inclusive
};

}  // namespace masklet::native
