#include "translator/guid.h"

#include <cctype>

namespace session_gateway {

bool IsGuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
  }
  return true;
}

bool IsZeroGuid(std::string_view guid) { return guid.find_first_not_of("0-") == std::string_view::npos; }

}  // namespace session_gateway
