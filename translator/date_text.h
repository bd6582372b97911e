// Dates as QRS writes them, to and from seconds and nanoseconds since 1970 (the parts of a protobuf
// Timestamp).
//
// Thread rule: pure functions. Never here: the current time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace session_gateway {

struct Instant {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  bool operator==(const Instant&) const = default;
};

// The repository's "not set": 1753-01-01T00:00:00Z.
inline constexpr Instant kUnsetDate{-6847804800, 0};

// Whether the instant lies in the years 0001 to 9999 and its nanos in 0 to 999,999,999.
bool IsValidInstant(Instant instant);

// Appends `"yyyy-MM-ddTHH:mm:ss.fffZ"` with its quotes; finer than 1 ms is cut off. The instant must be
// valid.
void AppendJsonDate(Instant instant, std::string& out);

// `yyyy-MM-ddTHH:mm:ss`, 0 to 9 digits of fraction, then `Z`, an offset `+hh:mm` or nothing (UTC). Anything
// else, also a second 60 or a lower-case `t`, is no date.
std::optional<Instant> ParseDate(std::string_view text);

}  // namespace session_gateway
