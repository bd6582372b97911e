// What the body of an error answer says to people. The only place that names nlohmann/json: error bodies are
// small, rare and of no published form, so a DOM is the plain way to look into them.
//
// Thread rule: pure. Never here: deciding a status by a text.
#pragma once

#include <string>

#include "translator/http_message.h"

namespace session_gateway {

// `errorMessage` or `message` of a JSON object, a JSON string, or a text that is no markup; bounded and
// scrubbed. Empty when there is nothing to show.
std::string ErrorText(const HttpReply& reply);

}  // namespace session_gateway
