#include "translator/guid.h"

namespace session_gateway {
namespace {

// Not of <cctype>, which asks the locale by a call for each character.
bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

bool IsGuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !IsHexDigit(text[i])) return false;
  }
  return true;
}

bool IsZeroGuid(std::string_view guid) { return guid.find_first_not_of("0-") == std::string_view::npos; }

}  // namespace session_gateway
