// The one error that a call can end with, and its form on the wire: google.rpc.Status with ErrorInfo,
// BadRequest and RetryInfo, as the public contract names them
// (proto/sessiongateway/v1/session_gateway.proto).
//
// Thread rule: values. Never here: secrets, upstream text that is not bounded and scrubbed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "translator/http_message.h"

namespace session_gateway {

enum class Upstream { kSymphony, kQlik };
std::string_view UpstreamName(Upstream upstream);

// Was the thing created?
enum class Outcome {
  kNotSent,  // no byte of the create left the gateway
  kRefused,  // a complete answer proves that nothing was created
  kDone,     // a success status arrived with its whole header
  kUnknown,  // everything else
};
std::string_view OutcomeName(Outcome outcome);

enum class Reason {
  kInvalidField,
  kUnsupported,
  kRequestIdReused,
  kUpstreamNotConfigured,
  kUpstreamUnreachable,
  kUpstreamTls,
  kLogonRefused,
  kUpstreamRefused,
  kUpstreamFailed,
  kUpstreamContract,
  kAnswerUnreadable,
  kOutcomeUnknown,
  kDeadline,
  kOverloaded,
  kDraining,
  kLedgerUnavailable,
};
std::string_view ReasonName(Reason reason);

struct FieldViolation {
  std::string field;        // path in the message, `session.common_data[3].other.type`
  std::string description;  // the rule, and the value's place
  bool operator==(const FieldViolation&) const = default;
};

struct RpcError {
  absl::StatusCode code = absl::StatusCode::kInternal;
  Reason reason = Reason::kUpstreamFailed;
  Outcome outcome = Outcome::kUnknown;
  Phase phase = Phase::kValidate;
  Upstream upstream = Upstream::kSymphony;
  std::string message;
  int http_status = 0;     // 0: there was none
  std::string created_id;  // the id that an unreadable answer gave away, or empty
  std::vector<FieldViolation> violations;
  std::optional<std::int64_t> retry_after_seconds;
};

// An error in the order in which the outcome table names its parts.
RpcError MakeError(Upstream upstream, absl::StatusCode code, Reason reason, Outcome outcome, Phase phase,
                   std::string message);

// At most this many violations are reported; the message says when there were more.
inline constexpr std::size_t kViolationsMax = 16;

// Trailers of a failed call beside the details.
inline constexpr char kOutcomeTrailer[] = "session-gateway-outcome";
inline constexpr char kPushbackTrailer[] = "grpc-retry-pushback-ms";

// True when a client must not repeat the call by itself: `grpc-retry-pushback-ms: -1` is sent.
bool ForbidsRetry(const RpcError& error);

// The serialized google.rpc.Status for `grpc-status-details-bin`.
std::string SerializeDetails(const RpcError& error);

}  // namespace session_gateway
