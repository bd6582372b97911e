// What an upstream's answer, or the lack of one, means on a create: the outcome table, one row per line. It
// differs from the table that gRPC's documents give for proxies, for here the API behind the status is known.
//
// The rule above all rows: UNAVAILABLE means that nothing was sent, for meshes and clients repeat it by
// themselves.
//
// Thread rule: pure. Never here: retries, renewals; they belong to the layers below.
#pragma once

#include "translator/http_message.h"
#include "translator/rpc_error.h"

namespace session_gateway {

// Whose credential the upstream refused when it says 401, or sends the caller to a log-on page.
enum class CredentialOwner { kGateway, kCaller };

// The error of an answer whose status is not the call's success.
RpcError ErrorFromStatus(Upstream upstream, CredentialOwner owner, const HttpReply& reply);

// Whether a complete answer says that the log-on is missing or over: 401, and a redirect to a log-on page.
bool AsksForLogon(const HttpReply& reply);

// Whether the answer calls itself HTML.
bool IsHtml(const HttpReply& reply);

// Whether the answer's body has a content coding, which was not asked for.
bool IsEncoded(const HttpReply& reply);

// The error of an exchange that ended without an answer header.
RpcError ErrorFromFailure(Upstream upstream, const SendFailure& failure);

// What keeps a success answer from being parsed at all (HTML, an encoding, a body that did not arrive), if
// anything. `id_member` names the member that may still give the new thing's id away.
std::optional<RpcError> ErrorFromSuccess(Upstream upstream, std::string_view id_member,
                                         const HttpReply& reply);

// A success answer that is not what the API promises: `what` completes "the answer …".
RpcError UnreadableAnswer(Upstream upstream, std::string_view id_member, std::string_view what,
                          const HttpReply& reply);

}  // namespace session_gateway
