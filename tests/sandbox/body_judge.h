// Reads a body and finds the first place where it is not what the schema allows.
//
// Thread rule: pure functions. Never here: HTTP, and what a member means.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/sandbox/schema.h"

namespace session_gateway::sandbox {

inline constexpr std::size_t kDepthMax = 64;

// What is wrong and where (`at /commonData/3/1: ...`), or empty.
std::string CheckBody(const Schema& schema, std::string_view body);

// The outermost members of a body that CheckBody found right: decoded name and the value's text byte by byte.
std::vector<std::pair<std::string, std::string>> SplitMembers(std::string_view body);

}  // namespace session_gateway::sandbox
