// What to say of a key that the configuration does not know: the nearest valid name, or all of them.
//
// Thread rule: a function on constant data. Never here: values of the file.
#pragma once

#include <string>
#include <string_view>

namespace session_gateway {

// `section` is the dotted path around the key, empty at the top.
std::string AdviseUnknownKey(std::string_view section, std::string_view name);

}  // namespace session_gateway
