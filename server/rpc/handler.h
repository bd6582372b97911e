// The logic of the service's RPCs as the frame calls it: request in, response or error out.
//
// Thread rule: loop thread only. A handler ends soon after `context` was stopped. Never here: gRPC types,
// threads.
#pragma once

#include <optional>

#include "server/call_context.h"
#include "server/event_loop.h"
#include "sessiongateway/v1/session_gateway.pb.h"
#include "translator/rpc_error.h"

namespace session_gateway {

class SessionGatewayHandler {
 public:
  virtual ~SessionGatewayHandler() = default;

  // Request, response and context live until the task has ended; the handler may empty the request. An error
  // makes the frame drop the response; an exception becomes INTERNAL with an unknown outcome, but for a lack
  // of memory before anything was sent.
  virtual Task<std::optional<RpcError>> CreateSession(sessiongateway::v1::CreateSessionRequest& request,
                                                      sessiongateway::v1::CreateSessionResponse& response,
                                                      CallContext& context) = 0;
  virtual Task<std::optional<RpcError>> CreateExecutionSession(
      sessiongateway::v1::CreateExecutionSessionRequest& request,
      sessiongateway::v1::CreateExecutionSessionResponse& response, CallContext& context) = 0;
};

}  // namespace session_gateway
