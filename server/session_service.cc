#include "server/session_service.h"

#include "server/orphan.h"
#include "server/session_creates.h"
#include "translator/request_rules.h"

namespace session_gateway {
namespace {

// As keys of the ledger name them.
constexpr std::string_view kCreateSession = "CreateSession";
constexpr std::string_view kCreateExecutionSession = "CreateExecutionSession";

const std::string& IdOf(const sessiongateway::v1::CreateSessionResponse& response) {
  return response.session_id();
}
const std::string& IdOf(const sessiongateway::v1::CreateExecutionSessionResponse& response) {
  return response.execution_session().id();
}

RpcError NotConfigured(Upstream upstream) {
  return MakeError(upstream, absl::StatusCode::kUnimplemented, Reason::kUpstreamNotConfigured,
                   Outcome::kNotSent, Phase::kValidate,
                   "this gateway has no such upstream configured: " + std::string(UpstreamName(upstream)));
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

std::optional<RpcError> SessionService::CheckRequired(bool has_request_id, Upstream upstream) const {
  if (has_request_id || !parts_.require_request_id) return std::nullopt;
  return RequestIdRequired(upstream);
}

template <typename Response, typename Request>
Once::LateEnd SessionService::OnceLateEndOf(const Request& request, const Caller& caller) {
  return [this, orphan = OrphanOf(request, caller)](const CreateEnd& end, std::string_view endpoint,
                                                    Duration lingered) {
    Response response;
    if (!end.error) response.ParseFromString(end.response);
    LogOrphan(parts_.log, orphan, {endpoint, lingered}, end.error, IdOf(response));
  };
}

template <typename Request, typename Response>
Task<std::optional<RpcError>> SessionService::RunOnce(OnceCall call, const Request& request,
                                                      Response& response, CallContext& context) {
  call.content = ContentOf(call.create->request());
  const Upstream upstream = call.upstream;
  const std::function<Once::LateEnd()> make_late_end = [&, this] {
    return OnceLateEndOf<Response>(request, context.caller());
  };
  CreateEnd end = co_await parts_.once.Run(std::move(call), context, make_late_end);
  if (end.error) co_return std::move(end.error);
  if (!response.ParseFromString(end.response)) {
    co_return MakeError(upstream, absl::StatusCode::kInternal, Reason::kAnswerUnreadable, Outcome::kDone,
                        Phase::kParse, "it was created, but the ledger of requests holds no readable answer");
  }
  if (end.replayed) response.set_replayed(true);
  co_return std::nullopt;
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
  if (auto error = CheckRequired(request.has_request_id(), Upstream::kSymphony)) co_return error;
  auto& http_request = std::get<HttpRequest>(translated);
  if (request.validate_only()) {
    *response.mutable_rest_request() = parts_.symphony->Preview(std::move(http_request), context.caller());
    co_return std::nullopt;
  }
  if (request.has_request_id()) {
    const std::string identity =
        parts_.identities.Of(context.caller(), authentication.CredentialOf(context.caller()));
    OnceCall call{.method = kCreateSession,
                  .upstream = Upstream::kSymphony,
                  .key = RequestKey(kCreateSession, identity, request.request_id()),
                  .content = {},
                  .create = std::make_unique<SymphonyCreate>(
                      CreateParts<CreateSessionTranslator>{parts_.create_session, *parts_.symphony, reader_},
                      std::move(http_request))};
    co_return co_await RunOnce(std::move(call), request, response, context);
  }
  SendResult result =
      co_await parts_.exchanges.Send(parts_.symphony->transport(), std::move(http_request), context,
                                     [&, this] { return LateEndOf(request, context.caller()); });
  co_return parts_.create_session.Response(result, authentication.owner(), reader_, response);
}

Task<std::optional<RpcError>> SessionService::CreateExecutionSession(
    const sessiongateway::v1::CreateExecutionSessionRequest& request,
    sessiongateway::v1::CreateExecutionSessionResponse& response, CallContext& context) {
  if (parts_.qlik == nullptr) co_return NotConfigured(Upstream::kQlik);
  const Authentication& authentication = parts_.qlik->authentication();
  const std::string identity =
      parts_.identities.Of(context.caller(), authentication.CredentialOf(context.caller()));
  std::string derived_id;
  if (request.has_request_id() && CreateExecutionSessionTranslator::NamesNoId(request)) {
    derived_id = DerivedRowId(identity, request.request_id());
  }
  std::variant<HttpRequest, RpcError> translated =
      parts_.create_execution_session.Request(request, derived_id);
  if (auto* error = std::get_if<RpcError>(&translated)) co_return std::move(*error);
  if (auto error = authentication.Check(context.caller())) co_return error;
  if (auto error = CheckRequired(request.has_request_id(), Upstream::kQlik)) co_return error;
  auto& http_request = std::get<HttpRequest>(translated);
  if (request.validate_only()) {
    *response.mutable_rest_request() = parts_.qlik->Preview(std::move(http_request), context.caller());
    co_return std::nullopt;
  }
  if (request.has_request_id()) {
    OnceCall call{.method = kCreateExecutionSession,
                  .upstream = Upstream::kQlik,
                  .key = RequestKey(kCreateExecutionSession, identity, request.request_id()),
                  .content = {},
                  .create = std::make_unique<QlikCreate>(
                      CreateParts<CreateExecutionSessionTranslator>{parts_.create_execution_session,
                                                                    *parts_.qlik, reader_},
                      std::move(http_request), std::move(derived_id), request.privileges())};
    co_return co_await RunOnce(std::move(call), request, response, context);
  }
  SendResult result =
      co_await parts_.exchanges.Send(parts_.qlik->transport(), std::move(http_request), context,
                                     [&, this] { return LateEndOf(request, context.caller()); });
  co_return parts_.create_execution_session.Response(result, reader_, response);
}

}  // namespace session_gateway
