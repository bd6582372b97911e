#include "translator/guid.h"

#include <array>

namespace session_gateway {
namespace {

using CharacterSet = std::array<bool, 256>;

// A table, for <cctype> asks the locale by a call for each character.
constexpr CharacterSet HexDigits() {
  CharacterSet digits = {};
  for (const char c : std::string_view("0123456789abcdefABCDEF"))
    digits[static_cast<unsigned char>(c)] = true;
  return digits;
}
constexpr CharacterSet kHexDigits = HexDigits();

bool AreHexDigits(std::string_view text) {
  bool are = true;
  for (const char c : text) are = are && kHexDigits[static_cast<unsigned char>(c)];
  return are;
}

}  // namespace

bool IsGuid(std::string_view text) {
  if (text.size() != 36) return false;
  if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return false;
  return AreHexDigits(text.substr(0, 8)) && AreHexDigits(text.substr(9, 4)) &&
         AreHexDigits(text.substr(14, 4)) && AreHexDigits(text.substr(19, 4)) &&
         AreHexDigits(text.substr(24));
}

bool IsZeroGuid(std::string_view guid) { return guid.find_first_not_of("0-") == std::string_view::npos; }

}  // namespace session_gateway
