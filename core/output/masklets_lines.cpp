#include "core/output/masklets_lines.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/output/shortest.h"

namespace masklet {
namespace {

using Json = nlohmann::ordered_json;

std::string last_part(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

Json to_json(const ClipPrompt& prompt) {
  Json json = {{"object", prompt.object}, {"frame", prompt.frame}};
  for (const Point& point : prompt.points) {
    json["points"].push_back({shortest(point.x), shortest(point.y)});
    json["labels"].push_back(point.label);
  }
  if (prompt.box) {
    for (float side : *prompt.box) json["box"].push_back(shortest(side));
  }
  if (!prompt.mask_path.empty()) json["mask"] = last_part(prompt.mask_path);
  return json;
}

Json to_json(const MaskletsObject& object) {
  const PixelBox box = rle_box(object.rle);
  return {{"id", object.id},
          {"rle", {{"size", {object.rle.height, object.rle.width}}, {"counts", rle_to_string(object.rle)}}},
          {"score", shortest(object.score)},
          {"iou", shortest(object.iou)},
          {"area", rle_area(object.rle)},
          {"box", {box.x, box.y, box.width, box.height}}};
}

/// Names of files need not be UTF-8; a line must be.
std::string line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string masklets_header_line(const MaskletsHeader& header) {
  Json json = {{"masklets", 1},
               {"input", header.input},
               {"width", header.clip.width},
               {"height", header.clip.height},
               {"frames", header.clip.frame_count},
               {"direction", header.direction},
               {"model", {{"name", header.model}, {"input_size", header.input_size}}},
               {"prompts", Json::array()}};
  if (header.scaled_from.width) json["scaled_from"] = {header.scaled_from.width, header.scaled_from.height};
  for (const ClipPrompt& prompt : header.prompts) json["prompts"].push_back(to_json(prompt));
  return line(json);
}

std::string masklets_frame_line(int frame, double time_s, const std::vector<MaskletsObject>& objects) {
  Json json = {{"frame", frame}, {"time", std::round(time_s * 1e6) / 1e6}, {"objects", Json::array()}};
  for (const MaskletsObject& object : objects) json["objects"].push_back(to_json(object));
  return line(json);
}

std::string masklets_end_line(int frames, const std::string& reason) {
  Json end = {{"frames", frames}, {"partial", !reason.empty()}};
  if (!reason.empty()) end["reason"] = reason;
  return line({{"end", end}});
}

Result<std::vector<MaskletsLine>> split_frame_lines(std::string_view text) {
  std::vector<MaskletsLine> lines;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size() - 1) + 1;
    const Json json = Json::parse(text.substr(0, length), nullptr, false);
    const Json frame = json.is_object() ? json.value("frame", Json()) : Json();
    if (!frame.is_number_integer() || text[length - 1] != '\n')
      return Error{ErrorCode::corrupt_file,
                   "line " + std::to_string(lines.size() + 1) + " of the saved results is no frame's"};
    lines.push_back({frame.get<int>(), std::string(text.substr(0, length))});
    text.remove_prefix(length);
  }
  return lines;
}

std::vector<ClipPrompt> prompts_of(const SessionState& state) {
  std::vector<ClipPrompt> prompts;
  for (const ObjectTrack& track : state.objects) {
    for (const auto& [frame, said] : track.prompts) {
      ClipPrompt& prompt = prompts.emplace_back();
      prompt.object = track.id;
      prompt.frame = frame;
      if (said.is_mask) prompt.mask_path = said.mask_name.empty() ? "mask" : said.mask_name;
      const bool has_box = said.points.size() >= 2 && said.points[0].label == 2 && said.points[1].label == 3;
      if (has_box) prompt.box = {said.points[0].x, said.points[0].y, said.points[1].x, said.points[1].y};
      prompt.points.assign(said.points.begin() + (has_box ? 2 : 0), said.points.end());
    }
  }
  std::sort(prompts.begin(), prompts.end(), [](const ClipPrompt& a, const ClipPrompt& b) {
    return std::pair(a.frame, a.object) < std::pair(b.frame, b.object);
  });
  return prompts;
}

std::vector<MaskletsObject> masklets_objects(const FrameMasks& masks, const Clip& clip) {
  std::vector<MaskletsObject> objects;
  for (const ObjectMask& mask : masks.objects)
    objects.push_back({mask.object, rle_encode(mask.mask, clip.width, clip.height, mask.extent_px),
                       mask.object_score, mask.iou});
  return objects;
}

}  // namespace masklet
