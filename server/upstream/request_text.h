// The exact bytes of an outgoing request's head, or the reason why it must not leave.
//
// Every byte is checked, so that no value can end a header line or begin a second request (the HTTP libraries
// at hand write what they are given). Framing belongs to this file alone: a request that brings its own
// `host`, `content-length` or `connection` is refused. Thread rule: pure functions. Never here: sockets, the
// body.
#pragma once

#include <string>
#include <variant>

#include "server/endpoint.h"
#include "translator/http_message.h"

namespace session_gateway {

// Why a request must not be sent: a sentence without the offending text, which may be a secret.
struct RefusedText {
  std::string reason;
  bool operator==(const RefusedText&) const = default;
};

// Request line and headers with the empty line that ends them. The body follows as it is.
std::variant<std::string, RefusedText> RequestHead(const Endpoint& endpoint, const HttpRequest& request);

}  // namespace session_gateway
