// The key that the repository service wants in the query and in a header of each request: 16 letters and
// digits, the same in both.
//
// Thread rule: as the Random's. Never here: who sends.
#pragma once

#include <string>

#include "server/random.h"
#include "translator/http_message.h"

namespace session_gateway {

// Puts a fresh pair into the request; the parameter comes first.
void AddXrfkey(Random& random, HttpRequest& request);
// The same with a stand-in, for a request that is only shown.
void AddXrfkeyStandIn(HttpRequest& request);

}  // namespace session_gateway
