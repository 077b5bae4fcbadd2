#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace masklet {

/// Reads the fields of one JSON object without exceptions. The first error sticks; finish() also refuses fields that
/// nobody asked for. `where` opens every message.
class JsonFields {
 public:
  JsonFields(const nlohmann::json& object, std::string where);

  int integer(const char* key);
  std::optional<int> optional_integer(const char* key);
  int integer_or(const char* key, int fallback) { return optional_integer(key).value_or(fallback); }
  /// Finite.
  float number_or(const char* key, float fallback);
  bool boolean_or(const char* key, bool fallback);
  std::string text(const char* key);
  std::string text_or(const char* key, std::string fallback);
  /// Finite numbers.
  std::vector<float> numbers(const char* key);
  std::vector<int> integers(const char* key);
  /// Rows of exactly `width` finite numbers.
  std::vector<std::vector<float>> rows(const char* key, std::size_t width);
  /// The field as it is; nullptr where it is absent.
  const nlohmann::json* field(const char* key);
  bool has(const char* key) { return field(key) != nullptr; }

  void refuse(const char* key, const std::string& why);
  Status finish();

 private:
  const nlohmann::json* required(const char* key);
  bool read_numbers(const nlohmann::json& array, std::vector<float>& out);

  const nlohmann::json& object_;
  std::string where_;
  std::set<std::string> known_;
  Status status_;
};

}  // namespace masklet
