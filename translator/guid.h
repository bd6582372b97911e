// GUIDs as QRS takes them: 8-4-4-4-12 hexadecimal digits with hyphens, without braces, in either case.
//
// Thread rule: pure functions. Never here: making GUIDs.
#pragma once

#include <string_view>

namespace session_gateway {

bool IsGuid(std::string_view text);
inline bool IsGuidOrEmpty(std::string_view text) { return text.empty() || IsGuid(text); }

// Whether a GUID is all zero.
bool IsZeroGuid(std::string_view guid);

}  // namespace session_gateway
