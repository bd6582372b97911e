// The secrets that one exchange holds, so that none of them is shown from the answer.
//
// Thread rule: pure functions. Never here: showing anything, what a log-on keeps.
#pragma once

#include <string>
#include <vector>

#include "translator/http_message.h"

namespace session_gateway {

// What the request marks as secret, whole as it was sent.
void AddSecretsOf(const HttpRequest& request, std::vector<std::string>& secrets);

// The values of the cookies that the answer sets.
void AddSetCookiesOf(const HttpReply& reply, std::vector<std::string>& secrets);

}  // namespace session_gateway
