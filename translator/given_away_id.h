// The id of a new session in an answer that can otherwise not be read: enough for a person to find and close
// it.
//
// Thread rule: pure. Never here: guessing; a value counts only when `,` or `}` follows, for a number that was
// cut off looks like another one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace session_gateway {

// The non-empty string or integer of the outermost member `name`, or empty. At most 128 bytes of printable
// ASCII.
std::string FindGivenAwayId(std::string_view body, std::string_view name,
                            const std::vector<std::string>& secrets);

}  // namespace session_gateway
