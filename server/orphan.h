// A create that was sent and whose caller does not know its end, because it was answered before or was gone:
// what identifies it, so that a person can find at the upstream what nobody asked for again. One line of the
// log.
//
// Thread rule: values. Never here: bodies, credentials, tokens.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/call_context.h"
#include "server/clock.h"
#include "server/log.h"
#include "sessiongateway/v1/session_gateway.pb.h"
#include "translator/rpc_error.h"

namespace session_gateway {

struct Orphan {
  std::string_view method;  // outlives it
  std::string_view upstream;
  std::string request_id;
  std::string application_name;
  std::string cluster_id;
  std::string session_name;
  std::string session_tag;
  std::string requested_id;
};

// Where it was sent, `scheme://host:port`, and how long nobody waited for it.
struct LateCreate {
  std::string_view endpoint;
  Duration lingered;
};

// What the request says of it. The rest of the request is dropped: it may be large, and the wait long.
Orphan TakeOrphan(sessiongateway::v1::CreateSessionRequest& request);
Orphan TakeOrphan(sessiongateway::v1::CreateExecutionSessionRequest& request);

// Where it was sent, and how long after its caller was gone it ended.
struct OrphanEnd {
  std::string_view endpoint;
  Duration lingered;
};

// `caller` is its identity. `error` is what the caller would have been told at the end; without one the
// create succeeded, and `created_id` is there.
void LogOrphan(Log& log, const Orphan& orphan, std::string_view caller, const OrphanEnd& end,
               const std::optional<RpcError>& error, std::string_view created_id);

}  // namespace session_gateway
