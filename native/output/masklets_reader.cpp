#include "native/output/masklets_reader.h"

#include <nlohmann/json.hpp>

namespace masklet::native {

using Json = nlohmann::json;

Error MaskletsReader::corrupt(const std::string& what) const {
  return {ErrorCode::corrupt_file, "'" + path_ + "' is no masklets.jsonl: " + what};
}

Result<MaskletsReader> MaskletsReader::open(const std::string& path) {
  MaskletsReader reader(path);
  if (!reader.file_) return Error{ErrorCode::io_failed, "'" + path + "' cannot be read"};
  std::string line;
  for (std::streamoff at = 0; std::getline(reader.file_, line); at = reader.file_.tellg()) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return reader.corrupt("a line is not a JSON object");
    if (at == 0) {
      if (json.value("masklets", 0) != 1)
        return reader.corrupt("its first line does not say \"masklets\": 1");
      reader.width_ = json.value("width", 0);
      reader.height_ = json.value("height", 0);
    } else if (json.contains("frame") && json["frame"].is_number_integer()) {
      reader.lines_[json["frame"].get<int>()] = at;
    }
  }
  reader.file_.clear();
  return reader;
}

Result<std::vector<MaskletsReader::Object>> MaskletsReader::objects(int frame) {
  const auto it = lines_.find(frame);
  if (it == lines_.end()) return std::vector<Object>();
  file_.seekg(it->second);
  std::string line;
  std::getline(file_, line);
  Result<std::vector<Object>> objects = objects_of_line(line, width_, height_);
  return objects ? std::move(objects) : corrupt("frame " + std::to_string(frame) + " " + objects.error().message);
}

Result<std::vector<MaskletsReader::Object>> MaskletsReader::objects_of_line(const std::string& line, int width,
                                                                            int height) {
  const auto corrupt = [](const char* why) { return Error{ErrorCode::corrupt_file, why}; };
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("objects") || !json["objects"].is_array())
    return corrupt("has no objects");
  std::vector<Object> objects;
  for (const Json& object : json["objects"]) {
    const Json counts = object.value(Json::json_pointer("/rle/counts"), Json());
    if (!counts.is_string()) return corrupt("has an object without a mask");
    MASKLET_ASSIGN(Rle rle, rle_from_string(width, height, counts.get<std::string>()));
    objects.push_back({object.value("id", 0), std::move(rle)});
  }
  return objects;
}

}  // namespace masklet::native
