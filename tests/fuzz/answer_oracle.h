// What an answer of an upstream must become, worked out a second time and in another way than the translator
// does: the outcome table as a list, framing by hand, dates by the C library.
//
// Thread rule: pure functions. Never here: a function of the translator that does the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "translator/rpc_error.h"
#include "translator/upstream_status.h"

namespace session_gateway::fuzzing {

bool SaysHtml(const HttpReply& reply);

// The error of an answer outside the success set: its row, its bounds, its delay; no secret in it.
void RequireErrorOfStatus(const RpcError& error, Upstream upstream, CredentialOwner owner,
                          const HttpReply& reply);

// The error of an answer of the success set that could not be read, or that calls itself HTML.
void RequireErrorOfSuccess(const RpcError& error, const HttpReply& reply);

// No secret is in the message, the id or the details.
void RequireNoSecret(const RpcError& error, const HttpReply& reply);

// The delay that the answer asks for, if it does so in a form that counts.
std::optional<std::int64_t> ExpectedDelay(const HttpReply& reply);

// The body that stands in `bytes` behind all headers as the framing of `reply` says, or nothing where it is
// not whole. `ended`: the stream ended in good order behind the bytes.
std::optional<std::string> FramedBody(std::string_view bytes, const HttpReply& reply, bool ended);

}  // namespace session_gateway::fuzzing
