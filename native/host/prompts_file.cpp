#include "native/host/prompts_file.h"

#include <algorithm>
#include <filesystem>

#include "core/base/json_fields.h"
#include "native/host/file_source.h"

namespace masklet::native {
namespace {

using Json = nlohmann::json;

std::vector<Point> points_of(JsonFields& fields) {
  std::vector<Point> points;
  if (fields.has("points")) {
    for (const std::vector<float>& xy : fields.rows("points", 2)) points.push_back({xy[0], xy[1], 1});
  }
  if (!fields.has("labels")) return points;
  const std::vector<int> labels = fields.integers("labels");
  if (labels.size() != points.size()) {
    fields.refuse("labels", "there are " + std::to_string(labels.size()) + " for " +
                                std::to_string(points.size()) + " points; give one a point");
    return points;
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != 0 && labels[i] != 1)
      fields.refuse("labels", "a label must be 1 (the object) or 0 (not)");
    points[i].label = labels[i];
  }
  return points;
}

Result<ClipPrompt> read_prompt(const Json& json, const std::string& where, const std::string& folder) {
  JsonFields fields(json, where);
  ClipPrompt prompt;
  prompt.object = fields.integer_or("object", 1);
  prompt.frame = fields.integer_or("frame", 0);
  prompt.points = points_of(fields);
  if (fields.has("box")) {
    const std::vector<float> box = fields.numbers("box");
    if (box.size() == 4) {
      prompt.box.emplace();
      std::copy(box.begin(), box.end(), prompt.box->begin());
    } else {
      fields.refuse("box", "it must be [x0, y0, x1, y1]");
    }
  }
  if (const std::string mask = fields.text_or("mask", ""); !mask.empty())
    prompt.mask_path = (std::filesystem::path(folder) / mask).string();
  MASKLET_TRY(fields.finish());
  if (prompt.points.empty() && !prompt.box && prompt.mask_path.empty())
    return Error{ErrorCode::invalid_argument, where + " shows nothing; give points, a box or a mask"};
  return prompt;
}

}  // namespace

Result<std::vector<ClipPrompt>> read_prompts_file(const std::string& path) {
  MASKLET_ASSIGN(const std::string text, read_text_file(path));
  const auto refused = [&](const std::string& why) {
    return Error{ErrorCode::invalid_argument, "'" + path + "' " + why};
  };
  // The first line of a masklets.jsonl is a whole object; what follows it is not asked for.
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) json = Json::parse(text.substr(0, text.find('\n')), nullptr, false);
  if (json.is_discarded()) return refused("is not JSON");
  const Json* list = &json;
  if (json.is_object()) {
    if (!json.contains("prompts")) return refused("has no \"prompts\"");
    list = &json["prompts"];
  }
  if (!list->is_array()) return refused("holds no list of prompts");
  std::vector<ClipPrompt> prompts;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string where = "prompt " + std::to_string(i) + " of '" + path + "'";
    MASKLET_ASSIGN(prompts.emplace_back(),
                   read_prompt((*list)[i], where, std::filesystem::path(path).parent_path().string()));
  }
  return prompts;
}

}  // namespace masklet::native
