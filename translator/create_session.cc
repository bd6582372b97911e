#include "translator/create_session.h"

#include "absl/strings/ascii.h"
#include "translator/body_reader.h"
#include "translator/body_writer.h"
#include "translator/request_rules.h"
#include "translator/text_bounds.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;

constexpr char kPath[] = "/platform/rest/symrest/v1/clientapi/session";
constexpr int kSuccess = 200;
constexpr char kIdMember[] = "sessionId";
constexpr char kTtlPointer[] = "/sessionTTLInMinutes";
constexpr char kTagPointer[] = "/sessionTag";

constexpr std::int32_t kRankMin = 1;
constexpr std::int32_t kRankMax = 10000;
constexpr std::size_t kTagBytesMax = 128;
constexpr std::uint32_t kServicesPerSlotMax = 10;

bool IsTag(std::string_view tag) {
  if (tag.size() > kTagBytesMax) return false;
  for (char c : tag) {
    const bool allowed =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!allowed) return false;
  }
  return true;
}

void CheckRank(bool is_set, std::int32_t value, const PathStep& path, Violations& violations) {
  if (is_set && (value < kRankMin || value > kRankMax))
    violations.Add(path.Text(), "must be from 1 to 10000");
}

void CheckRatio(const v1::ServiceToSlotRatio& ratio, const PathStep& path, Violations& violations) {
  const bool services = ratio.has_num_services();
  const bool slots = ratio.has_num_slots();
  if (services && ratio.num_services() == 0)
    violations.Add(path.Text() + ".num_services", "must be positive");
  if (slots && ratio.num_slots() == 0) violations.Add(path.Text() + ".num_slots", "must be positive");
  if (!services || !slots || ratio.num_services() == 0 || ratio.num_slots() == 0) return;
  if (ratio.num_services() != 1 && ratio.num_slots() != 1) {
    violations.Add(path.Text(), "one of num_services and num_slots must be 1");
  } else if (ratio.num_services() > kServicesPerSlotMax) {
    violations.Add(path.Text() + ".num_services", "must be at most 10 on one slot");
  }
}

// The rules that a public source states; everything else the upstream judges.
void CheckSession(const v1::Session& session, const PathStep& path, Violations& violations) {
  if (session.has_session_tag() && !IsTag(session.session_tag())) {
    violations.Add(PathStep{&path, "session_tag"}.Text(),
                   "must be at most 128 letters, digits, hyphens or underscores");
  }
  CheckRank(session.has_session_priority(), session.session_priority(), {&path, "session_priority"},
            violations);
  if (session.has_service_to_slot_ratio()) {
    CheckRatio(session.service_to_slot_ratio(), {&path, "service_to_slot_ratio"}, violations);
  }
  CheckRank(session.has_preemption_rank(), session.preemption_rank(), {&path, "preemption_rank"}, violations);
  for (int i = 0; i < session.docker_mount_definition_size(); ++i) {
    const auto& mount = session.docker_mount_definition(i);
    if (!mount.has_host_dir() || mount.host_dir().substr(0, 1) == "/") continue;
    const PathStep element{&path, "docker_mount_definition", i};
    violations.Add(PathStep{&element, "host_dir"}.Text(), "must be an absolute path");
  }
}

void CheckQueryValue(bool is_set, const std::string& value, std::string_view name, Violations& violations) {
  if (is_set && HasControlCharacter(value))
    violations.Add(std::string(name), "must not hold control characters");
}

void CheckQuery(const v1::CreateSessionRequest& message, CsrfTokenFrom csrf_token_from,
                Violations& violations) {
  if (message.application_name().empty())
    violations.Add("application_name", "is required and must not be empty");
  CheckQueryValue(message.has_application_name(), message.application_name(), "application_name", violations);
  CheckQueryValue(message.has_cluster_id(), message.cluster_id(), "cluster_id", violations);
  CheckQueryValue(message.has_csrf_token(), message.csrf_token(), "csrf_token", violations);
  if (message.has_csrf_token() && csrf_token_from == CsrfTokenFrom::kGateway) {
    violations.Add("csrf_token", "must not be set: the gateway logs on by itself");
  }
}

// The caller may also say by a pointer that it wants none: `null`.
bool WantsTtl(const v1::Session& session, const SessionDefaults& defaults) {
  return defaults.session_ttl_in_minutes != 0 && !session.has_session_ttl_in_minutes() &&
         !session.additional_json().contains(kTtlPointer);
}

bool WantsTag(const v1::CreateSessionRequest& message, const SessionDefaults& defaults) {
  return defaults.tag_from_request_id && message.has_request_id() && !message.session().has_session_tag() &&
         !message.session().additional_json().contains(kTagPointer);
}

// `{"sessionId":…}` without an id tells nobody which session it is.
bool HasId(const v1::CreateSessionResponse& response) { return !response.session_id().empty(); }

}  // namespace

std::variant<CreateSessionTranslator, std::string> CreateSessionTranslator::Make(
    const OptionsOf& options_of) {
  auto session = BodyPlan::Compile(*v1::Session::descriptor(), options_of);
  if (auto* error = std::get_if<std::string>(&session)) return std::move(*error);
  auto answer = BodyPlan::Compile(*v1::CreateSessionResponse::descriptor(), options_of);
  if (auto* error = std::get_if<std::string>(&answer)) return std::move(*error);
  return CreateSessionTranslator(std::get<BodyPlan>(std::move(session)),
                                 std::get<BodyPlan>(std::move(answer)));
}

std::variant<HttpRequest, RpcError> CreateSessionTranslator::Request(const v1::CreateSessionRequest& message,
                                                                     CsrfTokenFrom csrf_token_from,
                                                                     const SessionDefaults& defaults) const {
  Violations violations;
  CheckRequestId(message.has_request_id(), message.request_id(), violations);
  CheckQuery(message, csrf_token_from, violations);
  const PathStep session{nullptr, "session"};
  CheckSession(message.session(), session, violations);

  HttpRequest request = JsonPost(kPath, Repeat::kOnlyIfNotSent);
  request.query.push_back({"applicationName", message.application_name()});
  if (message.has_cluster_id()) request.query.push_back({"clusterId", message.cluster_id()});
  if (message.has_csrf_token())
    request.query.push_back({"csrftoken", message.csrf_token(), Secrecy::kSecret});
  const bool wants_ttl = WantsTtl(message.session(), defaults);
  const bool wants_tag = WantsTag(message, defaults);
  std::string body;
  body.reserve(kBodyRoom);
  if (wants_ttl || wants_tag) {
    v1::Session with_defaults = message.session();
    if (wants_ttl) with_defaults.set_session_ttl_in_minutes(defaults.session_ttl_in_minutes);
    // In lower case, as ids are compared: a repeat has the same content.
    if (wants_tag) with_defaults.set_session_tag(absl::AsciiStrToLower(message.request_id()));
    WriteBody(session_, with_defaults, &session, body, violations);
  } else {
    WriteBody(session_, message.session(), &session, body, violations);
  }

  if (!violations.empty()) return std::move(violations).ToError(Upstream::kSymphony);
  request.body = FittingBody(std::move(body));
  return request;
}

std::optional<RpcError> CreateSessionTranslator::Response(SendResult& result, CredentialOwner owner,
                                                          JsonReader& reader,
                                                          v1::CreateSessionResponse& response) const {
  if (const auto* failure = std::get_if<SendFailure>(&result))
    return ErrorFromFailure(Upstream::kSymphony, *failure);
  auto& reply = std::get<HttpReply>(result);
  if (reply.status != kSuccess) return ErrorFromStatus(Upstream::kSymphony, owner, reply);
  if (auto error = ErrorFromSuccess(Upstream::kSymphony, kIdMember, reply)) return error;

  const JsonFault fault = ReadBody(answer_, reader, reply.body, response);
  if (fault != JsonFault::kNone)
    return UnreadableAnswer(Upstream::kSymphony, kIdMember, JsonFaultText(fault), reply);
  if (!HasId(response)) return UnreadableAnswer(Upstream::kSymphony, kIdMember, "has no sessionId", reply);
  response.set_endpoint(reply.endpoint);
  return std::nullopt;
}

}  // namespace session_gateway
