#include "core/budget/bytes.h"

#include <array>
#include <cmath>
#include <optional>

namespace masklet {
namespace {

constexpr std::array<std::string_view, 5> kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Bytes of a unit; absent: there is no such unit.
std::optional<double> unit_bytes(std::string_view unit) {
  std::string lower;
  for (char c : unit) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower.empty() || lower == "b") return 1.0;
  const std::size_t power = std::string_view("kmgt").find(lower[0]);
  if (power == std::string_view::npos) return std::nullopt;
  const std::string rest = lower.substr(1);
  if (rest == "ib") return std::pow(1024.0, static_cast<double>(power + 1));
  if (rest == "b") return std::pow(1000.0, static_cast<double>(power + 1));
  return std::nullopt;
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  const auto hundredths = static_cast<std::uint64_t>(std::llround(value * 100));
  std::string text = std::to_string(hundredths / 100);
  if (hundredths % 100) {
    text += "." + std::to_string(hundredths % 100 / 10);
    if (hundredths % 10) text += std::to_string(hundredths % 10);
  }
  return text + " " + std::string(kUnits[unit]);
}

Result<std::uint64_t> parse_bytes(std::string_view text, std::string_view name) {
  const Error refused{ErrorCode::invalid_argument,
                      std::string(name) + " is '" + std::string(text) +
                          "'; it must be a number of bytes above 0, as 512MiB, 2.5GiB or 805306368"};
  double value = 0, place = 1;
  bool point = false, digits = false;
  std::size_t at = 0;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    digits = true;
    value = value * 10 + (text[at] - '0');
    if (point) place *= 10;
  }
  while (at < text.size() && text[at] == ' ') ++at;
  const std::optional<double> unit = unit_bytes(text.substr(at));
  if (!digits || !unit) return refused;
  const double bytes = value / place * *unit;
  constexpr double kMost = 9.2e18;  // comfortably inside 64 bits
  if (!(bytes >= 1 && bytes < kMost)) return refused;
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace masklet
