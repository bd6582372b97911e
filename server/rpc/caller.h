// Who calls, from what gRPC knows of a call: the name in the verified certificate of its connection, and the
// metadata that is meant for the upstream.
//
// Metadata is looked up for the upstream that it is meant for only. Its size is bounded with all metadata of
// a call (grpc_server.cc). Thread rule: loop thread only. Never here: what the credentials are good for, a
// value of metadata in an error.
#pragma once

#include <grpcpp/server_context.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "server/call_context.h"
#include "translator/rpc_error.h"

namespace session_gateway {

inline constexpr std::size_t kIdentityBytesMax = 256;

inline constexpr char kSymphonyAuthorizationKey[] = "symphony-authorization";
inline constexpr char kSymphonyCookieKey[] = "symphony-cookie";

// Or which metadata is given twice with two values: which of them is meant would be a guess.
std::variant<Caller, RpcError> ReadCaller(const grpc::ServerContext& context, Upstream upstream);

// A name from a certificate as it may be used: nothing of it when it is too long, or holds control characters
// or what is no UTF-8.
std::string UsableIdentity(std::string_view name);

}  // namespace session_gateway
