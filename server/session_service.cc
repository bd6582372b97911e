#include "server/session_service.h"

namespace session_gateway {
namespace {

RpcError NotConfigured(Upstream upstream) {
  return MakeError(upstream, absl::StatusCode::kUnimplemented, Reason::kUpstreamNotConfigured,
                   Outcome::kNotSent, Phase::kValidate,
                   "this gateway has no such upstream configured: " + std::string(UpstreamName(upstream)));
}

}  // namespace

SessionService::SessionService(CreateSessionTranslator create_session,
                               CreateExecutionSessionTranslator create_execution_session,
                               UpstreamStack* symphony, UpstreamStack* qlik)
    : create_session_(std::move(create_session)),
      create_execution_session_(std::move(create_execution_session)),
      symphony_(symphony),
      qlik_(qlik) {}

Task<std::optional<RpcError>> SessionService::CreateSession(
    const sessiongateway::v1::CreateSessionRequest& request,
    sessiongateway::v1::CreateSessionResponse& response, CallContext& context) {
  if (symphony_ == nullptr) co_return NotConfigured(Upstream::kSymphony);
  const Authentication& authentication = symphony_->authentication();
  std::variant<HttpRequest, RpcError> translated = create_session_.Request(
      request, authentication.caller_brings_csrf_token() ? CsrfTokenFrom::kCaller : CsrfTokenFrom::kGateway);
  if (auto* error = std::get_if<RpcError>(&translated)) co_return std::move(*error);
  if (auto error = authentication.Check(context.caller())) co_return error;
  auto& http_request = std::get<HttpRequest>(translated);
  if (request.validate_only()) {
    *response.mutable_rest_request() = symphony_->Preview(std::move(http_request), context.caller());
    co_return std::nullopt;
  }
  SendResult result = co_await symphony_->transport().Send(http_request, context);
  co_return create_session_.Response(result, authentication.owner(), reader_, response);
}

Task<std::optional<RpcError>> SessionService::CreateExecutionSession(
    const sessiongateway::v1::CreateExecutionSessionRequest& request,
    sessiongateway::v1::CreateExecutionSessionResponse& response, CallContext& context) {
  if (qlik_ == nullptr) co_return NotConfigured(Upstream::kQlik);
  std::variant<HttpRequest, RpcError> translated = create_execution_session_.Request(request);
  if (auto* error = std::get_if<RpcError>(&translated)) co_return std::move(*error);
  if (auto error = qlik_->authentication().Check(context.caller())) co_return error;
  auto& http_request = std::get<HttpRequest>(translated);
  if (request.validate_only()) {
    *response.mutable_rest_request() = qlik_->Preview(std::move(http_request), context.caller());
    co_return std::nullopt;
  }
  SendResult result = co_await qlik_->transport().Send(http_request, context);
  co_return create_execution_session_.Response(result, reader_, response);
}

}  // namespace session_gateway
