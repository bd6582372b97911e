// Dates in headers of HTTP, `Sun, 06 Nov 1994 08:49:37 GMT`.
//
// Thread rule: pure functions. Never here: the current time; the two older forms of such dates, of which one
// cannot be read without it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace session_gateway {

// The seconds since 1970 of an IMF-fixdate (RFC 9110 5.6.7). The day of the week must be one, and is not
// compared.
std::optional<std::int64_t> ParseHttpDate(std::string_view text);

}  // namespace session_gateway
