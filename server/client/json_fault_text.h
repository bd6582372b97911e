// What is wrong with a text that is no JSON, in words for the person who wrote it: the line, the column and
// the usual mistake.
//
// Thread rule: pure. Never here: whether a text is JSON; the reader has said so before.
#pragma once

#include <string>
#include <string_view>

#include "translator/json_reader.h"

namespace session_gateway {

// `line 3, column 2: …`, without the text itself where it could be long.
std::string ExplainJsonFault(JsonFault fault, std::string_view text);

}  // namespace session_gateway
