#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/frame/downscaler.h"
#include "core/mask/rle.h"
#include "core/tracking/frame_masks.h"
#include "core/tracking/options.h"
#include "core/tracking/state.h"

namespace masklet {

/// Everything that was said of one object on one frame: points and a box, or a mask.
struct ClipPrompt {
  int object = 1;
  int frame = 0;
  std::vector<Point> points;                ///< labels 1 and 0
  std::optional<std::array<float, 4>> box;  ///< x0, y0, x1, y1
  std::string mask_path;                    ///< empty: no mask; only its last part is written
};

/// What the first line of a masklets.jsonl says.
struct MaskletsHeader {
  std::string input;  ///< name of the clip, without its folders
  std::string model;  ///< name of the checkpoint or model folder
  int input_size = 0;
  Clip clip;
  std::string direction;
  std::vector<ClipPrompt> prompts;
  PictureSize scaled_from = {};  ///< of the frames before they were scaled down to the clip's size; 0 x 0: they were not
};

/// One object of a frame's line.
struct MaskletsObject {
  int id = 0;
  Rle rle;
  float score = 0;
  float iou = 0;
};

// masklets.jsonl: one JSON object a line. First the header {"masklets": 1, ...}, in which "scaled_from": [width, height]
// tells that the frames were scaled down, and everything is of their new size; then each frame in the order
// of tracking, {"frame", "time" in seconds, "objects": [{"id", "rle": {"size": [h, w], "counts"}, "score",
// "iou", "area", "box"}]}, where the RLE is COCO's compressed one, the score is above 0 where the object is
// on the frame and the box is [x, y, width, height]; last {"end": {"frames", "partial"}}, with the "reason"
// where it is partial. Both twins write these lines; every line ends in a line break.

std::string masklets_header_line(const MaskletsHeader& header);
std::string masklets_frame_line(int frame, double time_s, const std::vector<MaskletsObject>& objects);
/// `reason`: why the results are partial; empty: they are whole.
std::string masklets_end_line(int frames, const std::string& reason);

/// A frame's line, with its line break.
struct MaskletsLine {
  int frame = 0;
  std::string text;
};

/// Takes frames' lines apart, as a saved session holds them. Errors: corrupt_file for a line that is no frame's.
Result<std::vector<MaskletsLine>> split_frame_lines(std::string_view text);

/// What was said of a session's objects, by frame, then object, as the header lists it.
std::vector<ClipPrompt> prompts_of(const SessionState& state);

/// The objects of a frame as its line has them.
std::vector<MaskletsObject> masklets_objects(const FrameMasks& masks, const Clip& clip);

}  // namespace masklet
