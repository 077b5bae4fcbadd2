#pragma once

#include <string>
#include <string_view>

namespace masklet {

/// A name out of a file for an error message: in quotes, control characters and bytes beyond ASCII as '?',
/// cut after 120 characters.
inline std::string quote_name(std::string_view name) {
  constexpr std::size_t kShown = 120;
  std::string text = "'";
  for (char c : name.substr(0, kShown)) text += c >= ' ' && c < 0x7f ? c : '?';
  return text + (name.size() > kShown ? "...'" : "'");
}

}  // namespace masklet
