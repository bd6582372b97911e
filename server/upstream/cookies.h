// The cookies that an answer sets: read with care, for they come from an upstream and become headers of ours.
//
// Of each Set-Cookie the name, the value up to the first `;` (spaces around it dropped, quotes kept as they
// are) and whether it takes the cookie away: emptied, or expired on arrival. Bounds: kCookiesMax cookies of
// kCookieBytesMax; what goes beyond, or holds a control character, is skipped. Thread rule: pure functions.
// Never here: domains, paths and flags (a log-on has one endpoint), the meaning of a name.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/secret.h"
#include "translator/http_message.h"

namespace session_gateway {

inline constexpr std::size_t kCookiesMax = 64;
// Name and value together: what one header field may have at the strictest upstream.
inline constexpr std::size_t kCookieBytesMax = 16 * 1024;

struct Cookie {
  std::string name;
  Secret value;
  bool operator==(const Cookie&) const = default;
};

struct SetCookie {
  Cookie cookie;
  bool gone = false;  // the upstream takes it away
};

// In the order in which their names first came; of several with one name the last counts.
std::vector<SetCookie> ReadSetCookies(const HttpReply& reply);

// `a=1; b=2`
std::string CookieHeader(const std::vector<Cookie>& cookies);

// The values of a `cookie` header, each by itself.
std::vector<std::string> CookieValues(std::string_view header);

}  // namespace session_gateway
