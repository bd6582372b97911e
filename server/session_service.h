// The two RPCs. Each reads from top to bottom: translate, send, translate back.
//
// Thread rule: loop thread only. Never here: how a value is spelled (translator/), how bytes travel
// (upstream/), gRPC types (rpc/).
#pragma once

#include "server/rpc/handler.h"
#include "server/upstream/stack.h"
#include "translator/create_execution_session.h"
#include "translator/create_session.h"
#include "translator/json_reader.h"

namespace session_gateway {

class SessionService final : public SessionGatewayHandler {
 public:
  // A stack that is null belongs to an upstream that is not configured.
  SessionService(CreateSessionTranslator create_session,
                 CreateExecutionSessionTranslator create_execution_session, UpstreamStack* symphony,
                 UpstreamStack* qlik);

  Task<std::optional<RpcError>> CreateSession(const sessiongateway::v1::CreateSessionRequest& request,
                                              sessiongateway::v1::CreateSessionResponse& response,
                                              CallContext& context) override;
  Task<std::optional<RpcError>> CreateExecutionSession(
      const sessiongateway::v1::CreateExecutionSessionRequest& request,
      sessiongateway::v1::CreateExecutionSessionResponse& response, CallContext& context) override;

 private:
  CreateSessionTranslator create_session_;
  CreateExecutionSessionTranslator create_execution_session_;
  UpstreamStack* symphony_;
  UpstreamStack* qlik_;
  JsonReader reader_;  // one for all calls: an answer is read without a pause
};

}  // namespace session_gateway
