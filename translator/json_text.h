// Writing JSON text: the scalar values, appended to a string that the caller reuses.
//
// Thread rule: pure functions. Never here: structure (braces and commas belong to the body writer).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace session_gateway {

// `text` must be valid UTF-8; appends it with its quotes. Only what RFC 8259 demands is escaped.
void AppendJsonString(std::string_view text, std::string& out);

// Decimal digits, exact over the whole range, without quotes.
void AppendJsonInteger(std::int64_t value, std::string& out);
void AppendJsonInteger(std::uint64_t value, std::string& out);

// The shortest text that reads back as the same value, always with a fraction or an exponent: `20.0`,
// `1e+300`. `value` must be finite.
void AppendJsonDouble(double value, std::string& out);

}  // namespace session_gateway
