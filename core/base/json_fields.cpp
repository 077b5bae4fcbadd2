#include "core/base/json_fields.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace masklet {
namespace {

constexpr std::size_t kShownCharacters = 60;
constexpr int kShownLevels = 4;

bool nests_deeper(const nlohmann::json& value, int levels) {
  if (!value.is_structured()) return false;
  return levels == 0 || std::any_of(value.begin(), value.end(), [&](const nlohmann::json& item) {
    return nests_deeper(item, levels - 1);
  });
}

std::string shown(const nlohmann::json& value) {
  // dump() recurses once a level, and a hostile file nests as deep as it is long.
  if (nests_deeper(value, kShownLevels)) return std::string("a deeply nested ") + value.type_name();
  // Text that is not UTF-8 must not throw here: replace it.
  std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > kShownCharacters) text = text.substr(0, kShownCharacters) + "...";
  return text;
}

std::optional<int> as_int(const nlohmann::json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  // An unsigned number beyond int64 reads as negative, so both ends are checked on the double as well.
  const double wide = value.get<double>();
  if (std::abs(wide) > std::numeric_limits<int>::max()) return std::nullopt;
  return value.get<int>();
}

}  // namespace

JsonFields::JsonFields(const nlohmann::json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object_.is_object())
    status_ = Error{ErrorCode::invalid_argument, where_ + ": expected a JSON object, found " + shown(object_)};
}

void JsonFields::refuse(const char* key, const std::string& why) {
  if (!status_.ok()) return;
  const nlohmann::json* value = field(key);
  status_ = Error{ErrorCode::invalid_argument,
                  where_ + ": '" + key + "' " + (value ? "is " + shown(*value) : "is missing") + "; " + why};
}

const nlohmann::json* JsonFields::field(const char* key) {
  known_.insert(key);
  return object_.is_object() && object_.contains(key) ? &object_[key] : nullptr;
}

const nlohmann::json* JsonFields::required(const char* key) {
  const nlohmann::json* value = field(key);
  if (!value) refuse(key, "it is required");
  return value;
}

std::optional<int> JsonFields::optional_integer(const char* key) {
  const nlohmann::json* value = field(key);
  if (!value) return std::nullopt;
  const std::optional<int> number = as_int(*value);
  if (!number) refuse(key, "it must be a whole number of at most 31 bits");
  return number;
}

int JsonFields::integer(const char* key) {
  if (!required(key)) return 0;
  return optional_integer(key).value_or(0);
}

float JsonFields::number_or(const char* key, float fallback) {
  const nlohmann::json* value = field(key);
  if (!value) return fallback;
  if (value->is_number() && std::isfinite(value->get<float>())) return value->get<float>();
  refuse(key, "it must be a finite number");
  return fallback;
}

bool JsonFields::boolean_or(const char* key, bool fallback) {
  const nlohmann::json* value = field(key);
  if (!value) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  refuse(key, "it must be true or false");
  return fallback;
}

std::string JsonFields::text(const char* key) {
  const nlohmann::json* value = required(key);
  return value ? text_or(key, "") : "";
}

std::string JsonFields::text_or(const char* key, std::string fallback) {
  const nlohmann::json* value = field(key);
  if (!value) return fallback;
  if (value->is_string()) return value->get<std::string>();
  refuse(key, "it must be a string");
  return fallback;
}

bool JsonFields::read_numbers(const nlohmann::json& array, std::vector<float>& out) {
  if (!array.is_array()) return false;
  for (const nlohmann::json& value : array) {
    if (!value.is_number() || !std::isfinite(value.get<float>())) return false;
    out.push_back(value.get<float>());
  }
  return true;
}

std::vector<float> JsonFields::numbers(const char* key) {
  std::vector<float> out;
  const nlohmann::json* value = required(key);
  if (value && !read_numbers(*value, out)) refuse(key, "it must be an array of finite numbers");
  return out;
}

std::vector<int> JsonFields::integers(const char* key) {
  std::vector<int> out;
  const nlohmann::json* value = required(key);
  if (!value) return out;
  for (const nlohmann::json& item : *value) {
    const std::optional<int> number = as_int(item);
    if (!number) break;
    out.push_back(*number);
  }
  if (!value->is_array() || out.size() != value->size()) refuse(key, "it must be an array of whole numbers");
  return out;
}

std::vector<std::vector<float>> JsonFields::rows(const char* key, std::size_t width) {
  std::vector<std::vector<float>> out;
  const nlohmann::json* value = required(key);
  if (!value) return out;
  bool good = value->is_array();
  if (good) {
    for (const nlohmann::json& row : *value) {
      good = good && read_numbers(row, out.emplace_back()) && out.back().size() == width;
    }
  }
  if (!good) {
    refuse(key, "it must be an array of rows of " + std::to_string(width) + " finite numbers");
    out.clear();
  }
  return out;
}

Status JsonFields::finish() {
  if (!status_.ok()) return status_;
  for (const auto& item : object_.items()) {
    if (known_.contains(item.key())) continue;
    std::string keys;
    for (const std::string& key : known_) keys += (keys.empty() ? "" : ", ") + key;
    return Error{ErrorCode::invalid_argument, where_ + ": unknown key " + shown(item.key()) + "; known are " + keys};
  }
  return {};
}

}  // namespace masklet
