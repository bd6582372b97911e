#include "server/session_service.h"

#include "server/orphan.h"

namespace session_gateway {
namespace {

RpcError NotConfigured(Upstream upstream) {
  return MakeError(upstream, absl::StatusCode::kUnimplemented, Reason::kUpstreamNotConfigured,
                   Outcome::kNotSent, Phase::kValidate,
                   "this gateway has no such upstream configured: " + std::string(UpstreamName(upstream)));
}

// Whether there may be something at the upstream now.
bool MayExist(const std::optional<RpcError>& error) {
  return !error || error->outcome == Outcome::kDone || error->outcome == Outcome::kUnknown;
}

}  // namespace

Exchanges::LateEnd SessionService::LateEndOf(const sessiongateway::v1::CreateSessionRequest& request,
                                             const Caller& caller) {
  return [this, orphan = OrphanOf(request, caller)](LateResult& late) {
    sessiongateway::v1::CreateSessionResponse response;
    const auto error = parts_.create_session.Response(late.result, parts_.symphony->authentication().owner(),
                                                      reader_, response);
    LogOrphan(parts_.log, orphan, {late.endpoint, late.lingered}, error, response.session_id());
  };
}

Exchanges::LateEnd SessionService::LateEndOf(const sessiongateway::v1::CreateExecutionSessionRequest& request,
                                             const Caller& caller) {
  return [this, orphan = OrphanOf(request, caller)](LateResult& late) {
    sessiongateway::v1::CreateExecutionSessionResponse response;
    const auto error = parts_.create_execution_session.Response(late.result, reader_, response);
    LogOrphan(parts_.log, orphan, {late.endpoint, late.lingered}, error, response.execution_session().id());
  };
}

Task<std::optional<RpcError>> SessionService::CreateSession(
    const sessiongateway::v1::CreateSessionRequest& request,
    sessiongateway::v1::CreateSessionResponse& response, CallContext& context) {
  if (parts_.symphony == nullptr) co_return NotConfigured(Upstream::kSymphony);
  const Authentication& authentication = parts_.symphony->authentication();
  std::variant<HttpRequest, RpcError> translated = parts_.create_session.Request(
      request, authentication.caller_brings_csrf_token() ? CsrfTokenFrom::kCaller : CsrfTokenFrom::kGateway,
      parts_.session_defaults);
  if (auto* error = std::get_if<RpcError>(&translated)) co_return std::move(*error);
  if (auto error = authentication.Check(context.caller())) co_return error;
  auto& http_request = std::get<HttpRequest>(translated);
  if (request.validate_only()) {
    *response.mutable_rest_request() = parts_.symphony->Preview(std::move(http_request), context.caller());
    co_return std::nullopt;
  }
  bool lingers = false;
  SendResult result = co_await parts_.exchanges.Send(parts_.symphony->transport(), std::move(http_request),
                                                     context, [&, this] {
                                                       lingers = true;
                                                       return LateEndOf(request, context.caller());
                                                     });
  auto error = parts_.create_session.Response(result, authentication.owner(), reader_, response);
  if (!lingers && MayExist(error)) {
    context.OnUndelivered([this, &request, &response, &context, error] {
      LogOrphan(parts_.log, OrphanOf(request, context.caller()), {context.endpoint(), {}}, error,
                response.session_id());
    });
  }
  co_return error;
}

Task<std::optional<RpcError>> SessionService::CreateExecutionSession(
    const sessiongateway::v1::CreateExecutionSessionRequest& request,
    sessiongateway::v1::CreateExecutionSessionResponse& response, CallContext& context) {
  if (parts_.qlik == nullptr) co_return NotConfigured(Upstream::kQlik);
  std::variant<HttpRequest, RpcError> translated = parts_.create_execution_session.Request(request);
  if (auto* error = std::get_if<RpcError>(&translated)) co_return std::move(*error);
  if (auto error = parts_.qlik->authentication().Check(context.caller())) co_return error;
  auto& http_request = std::get<HttpRequest>(translated);
  if (request.validate_only()) {
    *response.mutable_rest_request() = parts_.qlik->Preview(std::move(http_request), context.caller());
    co_return std::nullopt;
  }
  bool lingers = false;
  SendResult result =
      co_await parts_.exchanges.Send(parts_.qlik->transport(), std::move(http_request), context, [&, this] {
        lingers = true;
        return LateEndOf(request, context.caller());
      });
  auto error = parts_.create_execution_session.Response(result, reader_, response);
  if (!lingers && MayExist(error)) {
    context.OnUndelivered([this, &request, &response, &context, error] {
      LogOrphan(parts_.log, OrphanOf(request, context.caller()), {context.endpoint(), {}}, error,
                response.execution_session().id());
    });
  }
  co_return error;
}

}  // namespace session_gateway
