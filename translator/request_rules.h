// What both create calls share: the form of their HTTP request, and the rules of `request_id`.
//
// Thread rule: pure. Never here: rules of one call alone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "translator/http_message.h"
#include "translator/rpc_error.h"
#include "translator/violations.h"

namespace session_gateway {

// POST of a JSON body that is still to be written, asking for plain JSON.
HttpRequest JsonPost(std::string_view path, Repeat repeat);

// Room to write a body in; most need no more.
inline constexpr std::size_t kBodyRoom = 8192;

// The written body without the room that it did not need: it is kept for as long as its call waits.
SharedText FittingBody(std::string body);

// A set request_id must be a UUID with hyphens and not zero.
void CheckRequestId(bool is_set, const std::string& request_id, Violations& violations);

// No request_id, in a gateway that wants one with each create.
RpcError RequestIdRequired(Upstream upstream);

// The request_id was seen before, with another content.
RpcError RequestIdReused(Upstream upstream);

}  // namespace session_gateway
