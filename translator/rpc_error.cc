#include "translator/rpc_error.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace session_gateway {
namespace {

constexpr char kDomain[] = "sessiongateway.v1";
// What grpc-message and grpc-status-details-bin may have together on the wire, so that all trailers stay
// below the 4 KB that every client and proxy accepts.
constexpr std::size_t kErrorBytesMax = 3700;

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

google::rpc::BadRequest MakeBadRequest(const RpcError& error, std::size_t shown) {
  google::rpc::BadRequest bad_request;
  for (std::size_t i = 0; i < shown; ++i) {
    auto* out = bad_request.add_field_violations();
    out->set_field(error.violations[i].field);
    out->set_description(error.violations[i].description);
  }
  return bad_request;
}

std::string Serialize(const RpcError& error, std::size_t violations_shown) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(error.code));
  status.set_message(error.message);
  status.add_details()->PackFrom(MakeErrorInfo(error));
  if (violations_shown > 0) status.add_details()->PackFrom(MakeBadRequest(error, violations_shown));
  if (error.retry_after_seconds) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(*error.retry_after_seconds);
    status.add_details()->PackFrom(retry);
  }
  return status.SerializeAsString();
}

// On the wire the message is percent-encoded and the details are base64.
std::size_t BytesOnTheWire(const RpcError& error, const std::string& details) {
  std::size_t bytes = (details.size() + 2) / 3 * 4;
  for (char c : error.message) bytes += c >= ' ' && c <= '~' && c != '%' ? 1 : 3;
  return bytes;
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
    case Reason::kRequestIdReused:
      return "REQUEST_ID_REUSED";
    case Reason::kUpstreamNotConfigured:
      return "UPSTREAM_NOT_CONFIGURED";
    case Reason::kUpstreamUnreachable:
      return "UPSTREAM_UNREACHABLE";
    case Reason::kUpstreamTls:
      return "UPSTREAM_TLS";
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
    case Reason::kLedgerUnavailable:
      return "LEDGER_UNAVAILABLE";
  }
  return "";
}

RpcError MakeError(Upstream upstream, absl::StatusCode code, Reason reason, Outcome outcome, Phase phase,
                   std::string message) {
  RpcError error;
  error.code = code;
  error.reason = reason;
  error.outcome = outcome;
  error.phase = phase;
  error.upstream = upstream;
  error.message = std::move(message);
  return error;
}

bool ForbidsRetry(const RpcError& error) {
  return error.outcome == Outcome::kUnknown || error.outcome == Outcome::kDone;
}

std::string SerializeDetails(const RpcError& error) {
  std::size_t shown = error.violations.size();
  std::string details = Serialize(error, shown);
  while (shown > 0 && BytesOnTheWire(error, details) > kErrorBytesMax) details = Serialize(error, --shown);
  return details;
}

}  // namespace session_gateway
