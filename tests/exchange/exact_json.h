// JSON for comparing: members without order, but each number by its text, for 20 and 20.0 are not the same to
// a strict reader.
//
// Thread rule: pure functions. Never here: what the members mean.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace session_gateway {

// Numbers with a fraction or an exponent become {"number": their text}. A text that is no JSON gives a
// discarded value.
nlohmann::json ParseExactJson(std::string_view text);

}  // namespace session_gateway
