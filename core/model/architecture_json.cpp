#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>

#include "core/model/architecture_keys.h"

namespace masklet {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxBytes = 64 * 1024, kMaxListed = 64;

Error bad_model_json(const std::string& what) {
  return {ErrorCode::invalid_argument, "model.json: " + what};
}

/// The value as people should see it in a message; never throws.
std::string shown(const json& value) {
  const std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 60) + "...";
}

bool read_value(const json& from, int& to) {
  if (!from.is_number_integer()) return false;
  const auto value = from.get<std::int64_t>();
  if (from.is_number_unsigned() && from.get<std::uint64_t>() > std::numeric_limits<int>::max()) return false;
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) return false;
  to = static_cast<int>(value);
  return true;
}

bool read_value(const json& from, double& to) {
  if (!from.is_number()) return false;
  to = from.get<double>();
  return std::isfinite(to);
}

bool read_value(const json& from, bool& to) {
  if (!from.is_boolean()) return false;
  to = from.get<bool>();
  return true;
}

bool read_value(const json& from, std::vector<int>& to) {
  if (!from.is_array() || from.size() > kMaxListed) return false;
  to.assign(from.size(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!read_value(from[i], to[i])) return false;
  }
  return true;
}

bool read_value(const json& from, std::array<int, 2>& to) {
  return from.is_array() && from.size() == 2 && read_value(from[0], to[0]) && read_value(from[1], to[1]);
}

std::string_view wanted(const int&) {
  return "a whole number";
}
std::string_view wanted(const double&) {
  return "a finite number";
}
std::string_view wanted(const bool&) {
  return "true or false";
}
std::string_view wanted(const std::vector<int>&) {
  return "a list of at most 64 whole numbers";
}
std::string_view wanted(const std::array<int, 2>&) {
  return "a list of two whole numbers";
}

}  // namespace

Result<Architecture> parse_architecture(std::string_view text) {
  if (text.size() > kMaxBytes)
    return bad_model_json("it has " + std::to_string(text.size()) + " bytes; the limit is " +
                          std::to_string(kMaxBytes) + ". Is this the right file?");
  const json document = json::parse(text.begin(), text.end(), nullptr, false);
  if (document.is_discarded())
    return bad_model_json("it is no valid JSON; compare it with a published model.json");
  if (!document.is_object()) return bad_model_json("it must be an object, but it is " + shown(document));

  Architecture architecture;
  std::optional<Error> error;
  std::vector<std::string_view> known;
  const auto read_key = [&](std::string_view key, auto& member) {
    const auto found = document.find(key);
    if (found == document.end() || error) return;
    if (!read_value(*found, member))
      error = bad_model_json(std::string(key) + " is " + shown(*found) + " but must be " +
                             std::string(wanted(member)));
  };
  visit_keys(architecture, [&](std::string_view key, auto& member) {
    known.push_back(key);
    if (document.find(key) == document.end() && !error)
      error = bad_model_json("the key " + std::string(key) + " is missing; every key must be given");
    read_key(key, member);
  });
  visit_optional_keys(architecture, [&](std::string_view key, auto& member) {
    known.push_back(key);
    read_key(key, member);
  });
  if (error) return *error;
  for (const auto& item : document.items()) {
    if (std::find(known.begin(), known.end(), item.key()) == known.end())
      return bad_model_json("the key " + shown(json(item.key())) +
                            " is unknown; remove it or correct its spelling");
  }
  MASKLET_TRY(validate(architecture));
  return architecture;
}

std::string to_json(const Architecture& architecture) {
  std::string text = "{";
  const auto write = [&](std::string_view key, const auto& member) {
    text += std::string(text.size() > 1 ? ",\n" : "\n") + "  \"" + std::string(key) +
            "\": " + json(member).dump();
  };
  visit_keys(architecture, write);
  visit_optional_keys(architecture, [&](std::string_view key, bool member) {
    if (!member) write(key, member);
  });
  return text + "\n}\n";
}

}  // namespace masklet
