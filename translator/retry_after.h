// What an answer advises about coming again, in seconds.
//
// Thread rule: pure functions. Never here: the current time; a date is held against that of the answer.
#pragma once

#include <cstdint>
#include <optional>

#include "translator/http_message.h"

namespace session_gateway {

// Of Retry-After as seconds, or as a date where the answer has a Date; nothing when it cannot be read or is
// more than a day. A date that is over means now.
std::optional<std::int64_t> RetryAfter(const HttpReply& reply);

}  // namespace session_gateway
