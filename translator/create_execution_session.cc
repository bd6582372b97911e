#include "translator/create_execution_session.h"

#include "absl/strings/ascii.h"
#include "translator/body_reader.h"
#include "translator/body_writer.h"
#include "translator/guid.h"
#include "translator/request_rules.h"
#include "translator/upstream_status.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;

constexpr char kPath[] = "/qrs/executionsession";
constexpr int kSuccess = 201;
constexpr char kIdMember[] = "id";
constexpr char kIdPointer[] = "/id";
constexpr char kNull[] = "null";
constexpr int kFound = 200;
constexpr int kNotFound = 404;

}  // namespace

std::variant<CreateExecutionSessionTranslator, std::string> CreateExecutionSessionTranslator::Make(
    const OptionsOf& options_of) {
  auto row = BodyPlan::Compile(*v1::ExecutionSession::descriptor(), options_of);
  if (auto* error = std::get_if<std::string>(&row)) return std::move(*error);
  return CreateExecutionSessionTranslator(std::get<BodyPlan>(std::move(row)));
}

std::variant<HttpRequest, RpcError> CreateExecutionSessionTranslator::Request(
    const v1::CreateExecutionSessionRequest& message, const std::string& row_id) const {
  Violations violations;
  CheckRequestId(message.has_request_id(), message.request_id(), violations);
  if (!message.has_execution_session()) violations.Add("execution_session", "is required; it may be empty");

  HttpRequest request = JsonPost(kPath, Repeat::kOnlyIfNotSent);
  if (message.privileges()) request.query.push_back({"privileges", "true"});
  const PathStep row{nullptr, "execution_session"};
  std::string body;
  body.reserve(kBodyRoom);
  if (!row_id.empty() && NamesNoId(message)) {
    v1::ExecutionSession with_id = message.execution_session();
    with_id.set_id(row_id);
    // `null` says no more than an unset id does; anything else is refused as it would be without one.
    auto& more = *with_id.mutable_additional_json();
    const auto pointer = more.find(kIdPointer);
    if (pointer != more.end() && pointer->second == kNull) more.erase(pointer);
    WriteBody(row_, with_id, &row, body, violations);
  } else {
    WriteBody(row_, message.execution_session(), &row, body, violations);
  }

  if (!violations.empty()) return std::move(violations).ToError(Upstream::kQlik);
  request.body = FittingBody(std::move(body));
  return request;
}

bool CreateExecutionSessionTranslator::NamesNoId(const v1::CreateExecutionSessionRequest& message) {
  const std::string& id = message.execution_session().id();
  return id.empty() || (IsGuid(id) && IsZeroGuid(id));
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

HttpRequest CreateExecutionSessionTranslator::RowRequest(const std::string& row_id, bool privileges) const {
  HttpRequest request;
  request.method = "GET";
  request.path = std::string(kPath) + "/" + row_id;
  request.repeat = Repeat::kSafe;
  if (privileges) request.query.push_back({"privileges", "true"});
  request.headers = {{"accept", "application/json"}, {"accept-encoding", "identity"}};
  return request;
}

CreateExecutionSessionTranslator::Row CreateExecutionSessionTranslator::ReadRow(
    SendResult& result, const std::string& row_id, JsonReader& reader,
    v1::CreateExecutionSessionResponse& response) const {
  auto* const reply = std::get_if<HttpReply>(&result);
  if (reply == nullptr || IsHtml(*reply)) return Row::kNotKnown;
  if (reply->status == kNotFound) return Row::kAbsent;
  if (reply->status != kFound || ErrorFromSuccess(Upstream::kQlik, kIdMember, *reply)) return Row::kNotKnown;
  auto& row = *response.mutable_execution_session();
  if (ReadBody(row_, reader, reply->body, row) != JsonFault::kNone) return Row::kNotKnown;
  return absl::AsciiStrToLower(row.id()) == absl::AsciiStrToLower(row_id) ? Row::kFound : Row::kNotKnown;
}

}  // namespace session_gateway
