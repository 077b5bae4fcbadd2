#include "native/host/clip_prompts.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/tracking/prompt.h"
#include "native/media/png_file.h"
#include "native/output/folders.h"

namespace masklet::native {
namespace {

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

std::string name_of(const ClipPrompt& prompt) {
  return "object " + std::to_string(prompt.object) + " on frame " + std::to_string(prompt.frame);
}

std::string position(const Point& point) {
  char text[64];
  std::snprintf(text, sizeof text, "%g,%g", static_cast<double>(point.x), static_cast<double>(point.y));
  return text;
}

Status join(ClipPrompt& all, const ClipPrompt& more) {
  for (const Point& point : more.points) {
    for (const Point& earlier : all.points) {
      if (earlier.x == point.x && earlier.y == point.y && earlier.label != point.label)
        return invalid(name_of(all) + " is clicked at " + position(point) +
                       " as the object and as not the object; leave one of the two out");
    }
    all.points.push_back(point);
  }
  if (more.box) {
    if (all.box) return invalid(name_of(all) + " has two boxes; give one, or other objects for the others");
    all.box = more.box;
  }
  if (!more.mask_path.empty()) {
    if (!all.mask_path.empty()) return invalid(name_of(all) + " has two masks; give one");
    all.mask_path = more.mask_path;
  }
  if (!all.mask_path.empty() && (all.box || !all.points.empty()))
    return invalid(name_of(all) +
                   " has a mask and also clicks or a box; give one kind, or put them on other frames");
  return {};
}

std::string ids_in(const LabelImage& image) {
  const std::set<int> ids(image.labels.begin(), image.labels.end());
  std::string text;
  for (int id : ids) {
    if (id) text += (text.empty() ? "" : ", ") + std::to_string(id);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

Status check_shows_object(const ClipPrompt& prompt) {
  const bool positive =
      std::any_of(prompt.points.begin(), prompt.points.end(), [](const Point& p) { return p.label; });
  if (positive || prompt.box || !prompt.mask_path.empty()) return {};
  return invalid(name_of(prompt) +
                 " has negative clicks alone; add a click, a box or a mask that shows the object");
}

Result<std::vector<ClipPrompt>> merge_prompts(const std::vector<ClipPrompt>& prompts, bool corrections) {
  std::map<std::pair<int, int>, ClipPrompt> merged;  // by frame, then object
  for (const ClipPrompt& prompt : prompts) {
    if (prompt.object < 1 || prompt.object > 255)
      return invalid("object " + std::to_string(prompt.object) +
                     ": ids must be from 1 to 255, as mask files hold them");
    ClipPrompt& all = merged[{prompt.frame, prompt.object}];
    all.object = prompt.object;
    all.frame = prompt.frame;
    MASKLET_TRY(join(all, prompt));
  }
  std::vector<ClipPrompt> out;
  for (const auto& [key, prompt] : merged) {
    if (!corrections) MASKLET_TRY(check_shows_object(prompt));
    out.push_back(prompt);
  }
  return out;
}

Status check_prompts(const std::vector<ClipPrompt>& prompts, const Clip& clip) {
  for (const ClipPrompt& prompt : prompts) {
    if (prompt.frame < 0 || prompt.frame >= clip.frame_count)
      return Error{ErrorCode::frame_out_of_range, "a prompt is for frame " + std::to_string(prompt.frame) +
                                                      "; the clip's frames are 0 to " +
                                                      std::to_string(clip.frame_count - 1)};
    const Status inside = validate_points(prompt.points, prompt.box, clip.width, clip.height);
    if (!inside) return Error{inside.error().code, name_of(prompt) + ": " + inside.error().message};
  }
  return {};
}

Result<MaskPrompt> read_mask_prompt(const ClipPrompt& prompt, const Clip& clip) {
  MASKLET_ASSIGN(LabelImage image, read_label_png(prompt.mask_path));
  if (image.width != clip.width || image.height != clip.height)
    return invalid("the mask '" + prompt.mask_path + "' is " + std::to_string(image.width) + " x " +
                   std::to_string(image.height) + "; the clip is " + std::to_string(clip.width) + " x " +
                   std::to_string(clip.height) + ", give a mask of that size");
  MaskPrompt call{prompt.object, prompt.frame, image.width, image.height, std::move(image.labels),
                  last_name(prompt.mask_path)};
  if (image.indexed) {
    const std::string known = ids_in({0, 0, call.bitmap, true});
    for (std::uint8_t& pixel : call.bitmap) pixel = pixel == prompt.object;
    if (std::find(call.bitmap.begin(), call.bitmap.end(), 1) == call.bitmap.end())
      return invalid("the mask '" + prompt.mask_path + "' does not show object " +
                     std::to_string(prompt.object) + ", it holds " + known +
                     "; write --mask FILE,FRAME,OBJECT with one of these");
  } else if (std::all_of(call.bitmap.begin(), call.bitmap.end(),
                         [](std::uint8_t pixel) { return pixel == 0; })) {
    return invalid("the mask '" + prompt.mask_path + "' is empty; pixels of the object must not be 0");
  }
  return call;
}

PointPrompt point_prompt(const ClipPrompt& prompt) {
  return {prompt.object, prompt.frame, prompt.points, prompt.box, true};
}

}  // namespace masklet::native
