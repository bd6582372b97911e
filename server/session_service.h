// The two RPCs. Each reads from top to bottom: translate, send, translate back. With a request_id the middle
// is done at most once, whoever repeats the call.
//
// Thread rule: loop thread only. Never here: how a value is spelled (translator/), how bytes travel
// (upstream/), gRPC types (rpc/).
#pragma once

#include "server/ledger/request_key.h"
#include "server/once.h"
#include "server/orphan.h"
#include "server/rpc/handler.h"
#include "server/session_creates.h"
#include "server/upstream/exchanges.h"
#include "server/upstream/stack.h"
#include "translator/create_execution_session.h"
#include "translator/create_session.h"
#include "translator/json_reader.h"

namespace session_gateway {

class Log;

// What the service is made of. A stack that is null belongs to an upstream that is not configured; everything
// that is referred to outlives the service.
struct SessionServiceParts {
  CreateSessionTranslator create_session;
  CreateExecutionSessionTranslator create_execution_session;
  SessionDefaults session_defaults;
  bool require_request_id;
  UpstreamStack* symphony;
  UpstreamStack* qlik;
  Exchanges& exchanges;
  Once& once;
  const CallerIdentities& identities;
  Log& log;
};

class SessionService final : public SessionGatewayHandler {
 public:
  explicit SessionService(SessionServiceParts parts) : parts_(std::move(parts)) {}

  Task<std::optional<RpcError>> CreateSession(sessiongateway::v1::CreateSessionRequest& request,
                                              sessiongateway::v1::CreateSessionResponse& response,
                                              CallContext& context) override;
  Task<std::optional<RpcError>> CreateExecutionSession(
      sessiongateway::v1::CreateExecutionSessionRequest& request,
      sessiongateway::v1::CreateExecutionSessionResponse& response, CallContext& context) override;

 private:
  std::optional<RpcError> Read(SendResult& result, sessiongateway::v1::CreateSessionResponse& response);
  std::optional<RpcError> Read(SendResult& result,
                               sessiongateway::v1::CreateExecutionSessionResponse& response);
  std::optional<RpcError> CheckRequired(bool has_request_id, Upstream upstream) const;

  template <typename Response>
  Task<std::optional<RpcError>> RunPlain(UpstreamStack& stack, HttpRequest http_request, Orphan orphan,
                                         Response& response, CallContext& context);
  // A create that may be repeated. `call` is not yet told from others by its content.
  template <typename Response>
  Task<std::optional<RpcError>> RunOnce(OnceCall call, std::shared_ptr<AnswerPlace<Response>> place,
                                        Orphan orphan, Response& response, CallContext& context);

  const SessionServiceParts parts_;
  JsonReader reader_;  // one for all calls: an answer is read without a pause
};

}  // namespace session_gateway
