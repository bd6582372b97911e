// The value forms of the configuration file: durations and sizes, from text and to text.
//
// Thread rule: functions on values. Never here: the names of keys.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace session_gateway {

// `<number>(ms|s|m|h)`; the number may have a fraction, the whole is a number of milliseconds. Nothing for
// any other form. At most nine digits on each side of the point, so that no result overflows.
std::optional<std::chrono::milliseconds> ParseDurationText(std::string_view text);

// In the largest unit that needs no fraction.
std::string FormatDuration(std::chrono::milliseconds duration);

// Digits only, at most 18. Nothing for any other form.
std::optional<std::int64_t> ParseCountText(std::string_view text);

// A count of bytes, or one with the suffix KiB or MiB. Nothing for any other form; a count of at most 12
// digits.
std::optional<std::int64_t> ParseSizeText(std::string_view text);

// In the largest unit that needs no fraction.
std::string FormatSize(std::int64_t bytes);

}  // namespace session_gateway
