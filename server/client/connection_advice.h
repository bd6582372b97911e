// What to do when the gateway was not reached, from gRPC's words for what happened.
//
// Thread rule: pure. Never here: a decision; words may change with the library, and then there is no advice.
#pragma once

#include <string>
#include <string_view>

#include "server/client/flags.h"

namespace session_gateway {

// One sentence, or an empty text.
std::string ConnectionAdvice(std::string_view message, const TlsFlags& tls);

}  // namespace session_gateway
