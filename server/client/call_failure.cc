#include "server/client/call_failure.h"

#include <charconv>
#include <utility>

#include "absl/status/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/client/flag_table.h"

namespace session_gateway {
namespace {

constexpr char kDomain[] = "sessiongateway.v1";
constexpr double kNanosPerSecond = 1e9;

int ExitCodeOf(std::string_view outcome) {
  if (outcome == "not_sent") return kExitNotSent;
  if (outcome == "refused") return kExitRefused;
  if (outcome == "done") return kExitDoneUnreadable;
  return kExitUnknown;
}

void ReadErrorInfo(const google::rpc::ErrorInfo& info, CallFailure& failure) {
  if (info.domain() != kDomain) return;
  failure.source = FailureSource::kGateway;
  failure.reason = info.reason();
  for (const auto& [key, value] : info.metadata()) {
    if (key == "outcome") failure.outcome = value;
    if (key == "phase") failure.phase = value;
    if (key == "upstream") failure.upstream = value;
    if (key == "session_id" || key == "id") failure.created_id = value;
    int number = 0;
    if (key == "http_status" &&
        std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc()) {
      failure.http_status = number;
    }
  }
}

void ReadDetails(const std::string& bytes, CallFailure& failure) {
  google::rpc::Status details;
  if (!details.ParseFromString(bytes)) return;
  for (const auto& any : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&info)) {
      ReadErrorInfo(info, failure);
    } else if (any.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        failure.violations.push_back({violation.field(), violation.description()});
      }
    } else if (any.UnpackTo(&retry)) {
      failure.retry_after_seconds = static_cast<double>(retry.retry_delay().seconds()) +
                                    static_cast<double>(retry.retry_delay().nanos()) / kNanosPerSecond;
    }
  }
}

// Without details of the gateway: whether the call can have reached it.
bool WasSurelyNotCalled(const grpc::Status& status, Connection connection) {
  if (connection != Connection::kMade) return true;
  // Said by a server or proxy that is not the gateway, or that let nobody in.
  return status.error_code() == grpc::StatusCode::UNIMPLEMENTED ||
         status.error_code() == grpc::StatusCode::UNAUTHENTICATED ||
         status.error_code() == grpc::StatusCode::PERMISSION_DENIED;
}

// The server did not take the message. The other limit is the client's own for an answer, which has the same
// words and another size.
bool WasTooLarge(const grpc::Status& status, std::size_t request_bytes) {
  return status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
         status.error_message().find("larger than max (" + std::to_string(request_bytes) + " vs. ") !=
             std::string::npos;
}

}  // namespace

CallFailure LocalFailure(std::string message, std::vector<BodyProblem> problems) {
  CallFailure failure;
  failure.message = std::move(message);
  failure.outcome = "not_sent";
  failure.violations = std::move(problems);
  failure.exit_code = kExitUsage;
  return failure;
}

CallFailure FailureOf(const grpc::Status& status, Connection connection, std::size_t request_bytes) {
  CallFailure failure;
  failure.source = FailureSource::kTransport;
  failure.code = absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code()));
  failure.message = status.error_message();
  ReadDetails(status.error_details(), failure);
  if (failure.source == FailureSource::kGateway) {
    failure.exit_code = ExitCodeOf(failure.outcome);
  } else if (WasSurelyNotCalled(status, connection)) {
    failure.outcome = "not_sent";
    failure.exit_code = kExitNoGateway;
  } else if (WasTooLarge(status, request_bytes)) {
    failure.outcome = "not_sent";
    failure.exit_code = kExitNotSent;
  } else {
    failure.outcome = "unknown";
    failure.exit_code = kExitUnknown;
  }
  return failure;
}

}  // namespace session_gateway
