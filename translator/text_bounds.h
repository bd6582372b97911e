// Bounding texts that reach a caller: never longer than said, never cut inside a character.
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace session_gateway {

// The longest message of an error, so that all trailers together stay below 4 KB even when each byte is
// escaped.
inline constexpr std::size_t kMessageBytesMax = 320;
// The most of an upstream's own text that reaches a caller.
inline constexpr std::size_t kUpstreamTextBytesMax = 256;

// At most `max` bytes of valid UTF-8, without cutting a character.
std::string_view CutUtf8(std::string_view text, std::size_t max);

// Whether `text` is valid UTF-8.
bool IsUtf8(std::string_view text);

// Whether `text` holds U+0000 to U+001F or U+007F, which no query, header or cookie may carry.
bool HasControlCharacter(std::string_view text);

// What may be shown of an upstream's text: each of `secrets` (raw or percent-encoded) and whatever follows a
// name that announces a credential becomes `***`, control characters become spaces, broken UTF-8 becomes `?`,
// and the result is cut to `max` bytes.
std::string ScrubUpstreamText(std::string_view text, const std::vector<std::string>& secrets,
                              std::size_t max);

}  // namespace session_gateway
