// One member of a JSON object, for answers of which nothing else matters.
//
// Thread rule: pure. Never here: members of members, what a value means.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace session_gateway {

// The characters of a string, or the digits of a number, that the outermost object holds under `name`; of
// duplicates the last counts. Nothing where the text is no JSON object or has no such member. `text` may grow
// in capacity.
std::optional<std::string> FindTextMember(std::string& text, std::string_view name);

}  // namespace session_gateway
