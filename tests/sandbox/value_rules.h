// The forms that single values must have on the wire.
//
// Thread rule: pure functions. Never here: where a value stands, or what it means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace session_gateway::sandbox {

// `yyyy-MM-ddTHH:mm:ss.fffZ`, a day that exists, years 0001 to 9999.
bool IsDate(std::string_view text);
// With hyphens and without braces, or empty.
bool IsGuid(std::string_view text);
bool IsZeroGuid(std::string_view text);
// Padded, of the standard alphabet, unused bits zero.
bool IsCanonicalBase64(std::string_view text);
std::optional<std::string> DecodeBase64(std::string_view text);
// Digits as a computer prints them: no plus, no leading zero, no space.
bool IsSignedDecimal(std::string_view text, std::int64_t min, std::int64_t max);
bool IsUnsignedDecimal(std::string_view text, std::uint64_t max);
bool IsSoamTypeName(std::string_view text);

// What is wrong with the second half of a typed pair, or empty.
std::string CheckTypedValue(std::string_view type, std::string_view value);

std::string AsciiLower(std::string_view text);

}  // namespace session_gateway::sandbox
