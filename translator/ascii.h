// Characters of ASCII, whatever the locale: std::isdigit and std::tolower ask for it.
//
// Thread rule: any thread. Never here: other characters; they stay as they are.
#pragma once

#include <string>
#include <string_view>

namespace session_gateway {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr char LowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = LowerCase(c);
  return lower;
}

}  // namespace session_gateway
