#include "translator/create_execution_session.h"

#include "translator/body_reader.h"
#include "translator/body_writer.h"
#include "translator/request_rules.h"
#include "translator/upstream_status.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;

constexpr char kPath[] = "/qrs/executionsession";
constexpr int kSuccess = 201;
constexpr char kIdMember[] = "id";

}  // namespace

std::variant<CreateExecutionSessionTranslator, std::string> CreateExecutionSessionTranslator::Make(
    const OptionsOf& options_of) {
  auto row = BodyPlan::Compile(*v1::ExecutionSession::descriptor(), options_of);
  if (auto* error = std::get_if<std::string>(&row)) return std::move(*error);
  return CreateExecutionSessionTranslator(std::get<BodyPlan>(std::move(row)));
}

std::variant<HttpRequest, RpcError> CreateExecutionSessionTranslator::Request(
    const v1::CreateExecutionSessionRequest& message) const {
  Violations violations;
  CheckRequestId(message.has_request_id(), message.request_id(), violations);
  if (!message.has_execution_session()) violations.Add("execution_session", "is required; it may be empty");

  HttpRequest request = JsonPost(kPath, Repeat::kOnlyIfNotSent);
  if (message.privileges()) request.query.push_back({"privileges", "true"});
  const PathStep row{nullptr, "execution_session"};
  WriteBody(row_, message.execution_session(), &row, request.body, violations);

  if (!violations.empty()) return std::move(violations).ToError(Upstream::kQlik);
  if (message.has_request_id()) return RequestIdUnsupported(Upstream::kQlik);
  return request;
}

std::optional<RpcError> CreateExecutionSessionTranslator::Response(
    SendResult& result, JsonReader& reader, v1::CreateExecutionSessionResponse& response) const {
  if (const auto* failure = std::get_if<SendFailure>(&result))
    return ErrorFromFailure(Upstream::kQlik, *failure);
  auto& reply = std::get<HttpReply>(result);
  if (reply.status != kSuccess) return ErrorFromStatus(Upstream::kQlik, CredentialOwner::kGateway, reply);
  if (auto error = ErrorFromSuccess(Upstream::kQlik, kIdMember, reply)) return error;

  const JsonFault fault = ReadBody(row_, reader, reply.body, *response.mutable_execution_session());
  if (fault != JsonFault::kNone)
    return UnreadableAnswer(Upstream::kQlik, kIdMember, JsonFaultText(fault), reply);
  return std::nullopt;
}

}  // namespace session_gateway
