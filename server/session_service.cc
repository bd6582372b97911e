#include "server/session_service.h"

#include "server/orphan.h"
#include "translator/request_rules.h"

namespace session_gateway {
namespace {

using sessiongateway::v1::CreateExecutionSessionRequest;
using sessiongateway::v1::CreateExecutionSessionResponse;
using sessiongateway::v1::CreateSessionRequest;
using sessiongateway::v1::CreateSessionResponse;

// As keys of the ledger name them.
constexpr std::string_view kCreateSession = "CreateSession";
constexpr std::string_view kCreateExecutionSession = "CreateExecutionSession";

const std::string& IdOf(const CreateSessionResponse& response) { return response.session_id(); }
const std::string& IdOf(const CreateExecutionSessionResponse& response) {
  return response.execution_session().id();
}

RpcError NotConfigured(Upstream upstream) {
  return MakeError(upstream, absl::StatusCode::kUnimplemented, Reason::kUpstreamNotConfigured,
                   Outcome::kNotSent, Phase::kValidate,
                   "this gateway has no such upstream configured: " + std::string(UpstreamName(upstream)));
}

// Of a create whose caller does not get the answer that it ended with, there is something to be found.
template <typename Response>
void LogWhenUndelivered(Log& log, const std::optional<RpcError>& error, Orphan orphan,
                        const Response& response, CallContext& context) {
  const bool may_exist = !error || ForbidsRetry(*error);
  if (!may_exist) return;
  context.OnUndelivered([&log, orphan = std::move(orphan), &response, &context, error] {
    LogOrphan(log, orphan, context.caller().identity, {context.endpoint(), {}}, error, IdOf(response));
  });
}

}  // namespace

std::optional<RpcError> SessionService::Read(SendResult& result, CreateSessionResponse& response) {
  return parts_.create_session.Response(result, parts_.symphony->authentication().owner(), reader_, response);
}

std::optional<RpcError> SessionService::Read(SendResult& result, CreateExecutionSessionResponse& response) {
  return parts_.create_execution_session.Response(result, reader_, response);
}

std::optional<RpcError> SessionService::CheckRequired(bool has_request_id, Upstream upstream) const {
  if (has_request_id || !parts_.require_request_id) return std::nullopt;
  return RequestIdRequired(upstream);
}

template <typename Response>
Task<std::optional<RpcError>> SessionService::RunPlain(UpstreamStack& stack, HttpRequest http_request,
                                                       Orphan orphan, Response& response,
                                                       CallContext& context) {
  bool lingers = false;
  const std::function<Exchanges::LateEnd()> make_late_end = [&, this]() -> Exchanges::LateEnd {
    lingers = true;
    return [this, orphan, caller = context.caller().identity](LateResult& late) {
      Response late_response;
      const auto error = Read(late.result, late_response);
      LogOrphan(parts_.log, orphan, caller, {late.endpoint, late.lingered}, error, IdOf(late_response));
    };
  };
  SendResult result =
      co_await parts_.exchanges.Send(stack.transport(), std::move(http_request), context, make_late_end);
  auto error = Read(result, response);
  if (!lingers) LogWhenUndelivered(parts_.log, error, std::move(orphan), response, context);
  co_return error;
}

template <typename Response>
Task<std::optional<RpcError>> SessionService::RunOnce(OnceCall call,
                                                      std::shared_ptr<AnswerPlace<Response>> place,
                                                      Orphan orphan, Response& response,
                                                      CallContext& context) {
  // The create may outlive this call.
  struct Waits {
    ~Waits() { place.waiting = nullptr; }
    AnswerPlace<Response>& place;
  } waits{*place};
  place->waiting = &response;
  call.content = ContentOf(call.create->request());
  const Upstream upstream = call.upstream;
  bool lingers = false;
  const std::function<Once::LateEnd()> make_late_end = [&, this]() -> Once::LateEnd {
    lingers = true;
    return [this, orphan, caller = context.caller().identity](const CreateEnd& end, std::string_view endpoint,
                                                              Duration lingered) {
      Response late_response;
      if (!end.error) late_response.ParseFromString(end.response);
      LogOrphan(parts_.log, orphan, caller, {endpoint, lingered}, end.error, IdOf(late_response));
    };
  };
  CreateEnd end = co_await parts_.once.Run(std::move(call), context, make_late_end);
  const bool has_answer = place->has_answer && !end.replayed;
  if (!end.error && !has_answer && !response.ParseFromString(end.response)) {
    end.error =
        MakeError(upstream, absl::StatusCode::kInternal, Reason::kAnswerUnreadable, Outcome::kDone,
                  Phase::kParse, "it was created, but the ledger of requests holds no readable answer");
  }
  if (!end.error && end.replayed) response.set_replayed(true);
  // What was there before this call is not this call's to report.
  if (!lingers && !end.replayed) {
    LogWhenUndelivered(parts_.log, end.error, std::move(orphan), response, context);
  }
  co_return std::move(end.error);
}

Task<std::optional<RpcError>> SessionService::CreateSession(CreateSessionRequest& request,
                                                            CreateSessionResponse& response,
                                                            CallContext& context) {
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
  if (!request.has_request_id()) {
    co_return co_await RunPlain(*parts_.symphony, std::move(http_request), TakeOrphan(request), response,
                                context);
  }
  const std::string identity =
      parts_.identities.Of(context.caller(), authentication.CredentialOf(context.caller()));
  auto place = std::make_shared<SymphonyCreate::Place>();
  OnceCall call{.method = kCreateSession,
                .upstream = Upstream::kSymphony,
                .key = RequestKey(kCreateSession, identity, request.request_id()),
                .content = {},
                .create = std::make_unique<SymphonyCreate>(
                    CreateParts<CreateSessionTranslator>{parts_.create_session, *parts_.symphony, reader_},
                    std::move(http_request), place)};
  co_return co_await RunOnce(std::move(call), std::move(place), TakeOrphan(request), response, context);
}

Task<std::optional<RpcError>> SessionService::CreateExecutionSession(CreateExecutionSessionRequest& request,
                                                                     CreateExecutionSessionResponse& response,
                                                                     CallContext& context) {
  if (parts_.qlik == nullptr) co_return NotConfigured(Upstream::kQlik);
  const Authentication& authentication = parts_.qlik->authentication();
  std::string identity;
  std::string derived_id;
  if (request.has_request_id()) {
    identity = parts_.identities.Of(context.caller(), authentication.CredentialOf(context.caller()));
    if (CreateExecutionSessionTranslator::NamesNoId(request)) {
      derived_id = DerivedRowId(identity, request.request_id());
    }
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
  if (!request.has_request_id()) {
    co_return co_await RunPlain(*parts_.qlik, std::move(http_request), TakeOrphan(request), response,
                                context);
  }
  auto place = std::make_shared<QlikCreate::Place>();
  OnceCall call{.method = kCreateExecutionSession,
                .upstream = Upstream::kQlik,
                .key = RequestKey(kCreateExecutionSession, identity, request.request_id()),
                .content = {},
                .create = std::make_unique<QlikCreate>(
                    CreateParts<CreateExecutionSessionTranslator>{parts_.create_execution_session,
                                                                  *parts_.qlik, reader_},
                    std::move(http_request), place, std::move(derived_id), request.privileges())};
  co_return co_await RunOnce(std::move(call), std::move(place), TakeOrphan(request), response, context);
}

}  // namespace session_gateway
