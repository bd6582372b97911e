#include "translator/rpc_error.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace session_gateway {
namespace {

constexpr char kDomain[] = "sessiongateway.v1";
// Keeps the details below 2 KB, and with them all trailers below the 4 KB that every client and proxy
// accepts.
constexpr std::size_t kViolationBytesMax = 1200;

google::rpc::ErrorInfo MakeErrorInfo(const RpcError& error) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(ReasonName(error.reason)));
  info.set_domain(kDomain);
  auto& metadata = *info.mutable_metadata();
  metadata["upstream"] = UpstreamName(error.upstream);
  metadata["outcome"] = OutcomeName(error.outcome);
  metadata["phase"] = PhaseName(error.phase);
  if (error.http_status != 0) metadata["http_status"] = std::to_string(error.http_status);
  if (!error.created_id.empty()) {
    metadata[error.upstream == Upstream::kSymphony ? "session_id" : "id"] = error.created_id;
  }
  return info;
}

google::rpc::BadRequest MakeBadRequest(const RpcError& error) {
  google::rpc::BadRequest bad_request;
  std::size_t bytes = 0;
  for (const FieldViolation& violation : error.violations) {
    bytes += violation.field.size() + violation.description.size();
    if (bytes > kViolationBytesMax) break;
    auto* out = bad_request.add_field_violations();
    out->set_field(violation.field);
    out->set_description(violation.description);
  }
  return bad_request;
}

}  // namespace

std::string_view UpstreamName(Upstream upstream) {
  return upstream == Upstream::kSymphony ? "symphony" : "qlik";
}

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNotSent:
      return "not_sent";
    case Outcome::kRefused:
      return "refused";
    case Outcome::kDone:
      return "done";
    case Outcome::kUnknown:
      return "unknown";
  }
  return "";
}

std::string_view ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kInvalidField:
      return "INVALID_FIELD";
    case Reason::kUnsupported:
      return "UNSUPPORTED";
    case Reason::kUpstreamNotConfigured:
      return "UPSTREAM_NOT_CONFIGURED";
    case Reason::kUpstreamUnreachable:
      return "UPSTREAM_UNREACHABLE";
    case Reason::kLogonRefused:
      return "LOGON_REFUSED";
    case Reason::kUpstreamRefused:
      return "UPSTREAM_REFUSED";
    case Reason::kUpstreamFailed:
      return "UPSTREAM_FAILED";
    case Reason::kUpstreamContract:
      return "UPSTREAM_CONTRACT";
    case Reason::kAnswerUnreadable:
      return "ANSWER_UNREADABLE";
    case Reason::kOutcomeUnknown:
      return "OUTCOME_UNKNOWN";
    case Reason::kDeadline:
      return "DEADLINE";
    case Reason::kOverloaded:
      return "OVERLOADED";
    case Reason::kDraining:
      return "DRAINING";
  }
  return "";
}

bool ForbidsRetry(const RpcError& error) {
  return error.outcome == Outcome::kUnknown || error.outcome == Outcome::kDone;
}

std::string SerializeDetails(const RpcError& error) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(error.code));
  status.set_message(error.message);
  status.add_details()->PackFrom(MakeErrorInfo(error));
  if (!error.violations.empty()) status.add_details()->PackFrom(MakeBadRequest(error));
  if (error.retry_after_seconds) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(*error.retry_after_seconds);
    status.add_details()->PackFrom(retry);
  }
  return status.SerializeAsString();
}

}  // namespace session_gateway
