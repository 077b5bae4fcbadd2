#include "native/output/masklets_file.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/mask/rle.h"

namespace masklet::native {
namespace {

using Json = nlohmann::ordered_json;

/// The shortest decimal number that reads back as the same float; as a double it would show digits that mean
/// nothing.
double shortest(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text - 1, value).ptr;
  *end = '\0';
  return std::strtod(text, nullptr);
}

double microseconds(double seconds) { return std::round(seconds * 1e6) / 1e6; }

Json to_json(const ClipPrompt& prompt) {
  Json json = {{"object", prompt.object}, {"frame", prompt.frame}};
  for (const Point& point : prompt.points) {
    json["points"].push_back({shortest(point.x), shortest(point.y)});
    json["labels"].push_back(point.label);
  }
  if (prompt.box) {
    for (float side : *prompt.box) json["box"].push_back(shortest(side));
  }
  if (!prompt.mask_path.empty()) json["mask"] = std::filesystem::path(prompt.mask_path).filename().string();
  return json;
}

Json to_json(const ObjectMask& object, const Clip& clip) {
  const Rle rle = rle_encode(object.mask, clip.width, clip.height);
  const PixelBox box = rle_box(rle);
  return {{"id", object.object},
          {"rle", {{"size", {clip.height, clip.width}}, {"counts", rle_to_string(rle)}}},
          {"score", shortest(object.object_score)},
          {"iou", shortest(object.iou)},
          {"area", rle_area(rle)},
          {"box", {box.x, box.y, box.width, box.height}}};
}

Status write_line(AtomicFile& file, const Json& json) {
  // Names of files need not be UTF-8; a line must be.
  const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return file.write(std::as_bytes(std::span(line)));
}

}  // namespace

Result<MaskletsFile> MaskletsFile::create(const std::string& path, const MaskletsHeader& header) {
  MASKLET_ASSIGN(AtomicFile file, AtomicFile::create(path));
  Json json = {{"masklets", 1},
               {"input", header.input},
               {"width", header.clip.width},
               {"height", header.clip.height},
               {"frames", header.clip.frame_count},
               {"direction", header.direction},
               {"model", {{"name", header.model}, {"input_size", header.input_size}}},
               {"prompts", Json::array()}};
  for (const ClipPrompt& prompt : header.prompts) json["prompts"].push_back(to_json(prompt));
  MASKLET_TRY(write_line(file, json));
  return MaskletsFile(std::move(file), header.clip);
}

Status MaskletsFile::add(int frame, double time_s, const FrameMasks& masks) {
  Json json = {{"frame", frame}, {"time", microseconds(time_s)}, {"objects", Json::array()}};
  for (const ObjectMask& object : masks.objects) json["objects"].push_back(to_json(object, clip_));
  MASKLET_TRY(write_line(file_, json));
  frame_ends_.push_back(file_.size());
  ++frames_;
  return {};
}

Status MaskletsFile::write_end(const std::string& reason) {
  Json end = {{"frames", frames_}, {"partial", !reason.empty()}};
  if (!reason.empty()) end["reason"] = reason;
  return write_line(file_, {{"end", end}});
}

Status MaskletsFile::finish(const std::string& reason) {
  // A frame whose line could not be written whole is not there.
  if (!frame_ends_.empty()) MASKLET_TRY(file_.shorten(frame_ends_.back()));
  Status ended = write_end(reason);
  while (!ended && frames_ > 1) {
    frame_ends_.pop_back();
    --frames_;
    MASKLET_TRY(file_.shorten(frame_ends_.back()));
    ended = write_end(reason.empty() ? ended.error().message : reason);
  }
  MASKLET_TRY(ended);
  return file_.commit();
}

}  // namespace masklet::native
