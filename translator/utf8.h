// UTF-8, sequence by sequence.
//
// Thread rule: pure function. Never here: what to do with text that is none.
#pragma once

#include <cstddef>
#include <string_view>

namespace session_gateway {

// The length of the well-formed sequence at the front of a text that is not empty, or 0 (Unicode 15, table
// 3-7).
std::size_t Utf8SequenceLength(std::string_view text);

}  // namespace session_gateway
