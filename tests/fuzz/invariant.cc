#include "tests/fuzz/invariant.h"

#include <google/protobuf/any.pb.h>

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "translator/text_bounds.h"

namespace session_gateway::fuzzing {
namespace {

// What every client and proxy accepts of trailers.
constexpr std::size_t kTrailersBytesMax = 4096;
// How HTTP/2 counts an entry beside its name and value.
constexpr std::size_t kEntryOverhead = 32;

std::size_t Entry(std::string_view name, std::size_t value) { return name.size() + value + kEntryOverhead; }

std::size_t MessageBytesOnTheWire(std::string_view message) {
  std::size_t bytes = 0;
  for (char c : message) bytes += c >= ' ' && c <= '~' && c != '%' ? 1 : 3;
  return bytes;
}

std::size_t TrailerBytes(const RpcError& error, const std::string& details) {
  std::size_t bytes = Entry(":status", 3) + Entry("content-type", 16) + Entry("grpc-status", 2);
  bytes += Entry("grpc-message", MessageBytesOnTheWire(error.message));
  bytes += Entry("grpc-status-details-bin", (details.size() + 2) / 3 * 4);
  bytes += Entry(kOutcomeTrailer, OutcomeName(error.outcome).size());
  if (ForbidsRetry(error)) bytes += Entry(kPushbackTrailer, 2);
  return bytes;
}

void RequireErrorInfo(const RpcError& error, const google::rpc::ErrorInfo& info) {
  static const std::set<std::string> kKeys = {"upstream",    "outcome",    "phase",
                                              "http_status", "session_id", "id"};
  Require(info.domain() == "sessiongateway.v1", "the domain is the contract's");
  Require(info.reason() == ReasonName(error.reason), "the details have the error's reason");
  for (const auto& [key, value] : info.metadata()) {
    Require(kKeys.count(key) == 1, "the metadata has the contract's keys only", key);
    Require(!value.empty(), "no metadata is empty", key);
    for (char c : value) Require(c > ' ' && c <= '~', "metadata is printable ASCII", value);
  }
  Require(info.metadata().at("outcome") == OutcomeName(error.outcome),
          "the details have the error's outcome");
  Require(info.metadata().at("phase") == PhaseName(error.phase), "the details have the error's phase");
  Require(info.metadata().at("upstream") == UpstreamName(error.upstream), "the details have the upstream");
}

std::string LowerCase(std::string_view text) {
  return absl::AsciiStrToLower(absl::string_view(text.data(), text.size()));
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void Require(bool holds, std::string_view what) { Require(holds, what, {}); }

void Require(bool holds, std::string_view what, std::string_view detail) {
  if (holds) return;
  std::string text = "broken: ";
  text.append(what);
  if (!detail.empty()) text.append(": ").append(detail);
  throw BrokenInvariant(text);
}

void RequireSoundError(const RpcError& error) {
  Require(error.code != absl::StatusCode::kOk, "an error is not OK");
  Require(error.code != absl::StatusCode::kUnavailable || error.outcome == Outcome::kNotSent,
          "UNAVAILABLE means not_sent");
  Require(ForbidsRetry(error) == (error.outcome == Outcome::kUnknown || error.outcome == Outcome::kDone),
          "clients may repeat what surely did not happen, and nothing else");
  Require(!error.message.empty() && error.message.size() <= kMessageBytesMax, "the message has its bound");
  Require(IsUtf8(error.message), "the message is valid UTF-8");
  const std::string details = SerializeDetails(error);
  Require(TrailerBytes(error, details) < kTrailersBytesMax, "all trailers stay below 4 KB");

  google::rpc::Status status;
  Require(status.ParseFromString(details), "the details are a status");
  Require(status.code() == static_cast<int>(error.code), "the details have the error's code");
  Require(status.message() == error.message, "the details have the error's message");
  bool has_info = false;
  for (const google::protobuf::Any& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&info)) {
      has_info = true;
      RequireErrorInfo(error, info);
    } else if (detail.UnpackTo(&bad_request)) {
      const auto shown = static_cast<std::size_t>(bad_request.field_violations_size());
      Require(shown > 0 && shown <= error.violations.size(), "the violations are the error's");
    } else {
      Require(detail.UnpackTo(&retry), "the details are of three kinds");
      const std::int64_t seconds = retry.retry_delay().seconds();
      Require(seconds >= 0 && seconds <= kDaySeconds, "a delay is at most a day");
      Require(error.code == absl::StatusCode::kResourceExhausted, "a delay comes with RESOURCE_EXHAUSTED");
    }
  }
  Require(has_info, "every error has its ErrorInfo");
}

void RequireViolations(const RpcError& error) {
  Require(error.code == absl::StatusCode::kInvalidArgument, "a bad message is INVALID_ARGUMENT");
  Require(error.reason == Reason::kInvalidField, "a bad message is INVALID_FIELD");
  Require(error.outcome == Outcome::kNotSent && error.phase == Phase::kValidate, "a bad message is not sent");
  Require(!error.violations.empty() && error.violations.size() <= kShownViolationsMax, "1 to 16 violations");
  for (const FieldViolation& violation : error.violations) {
    Require(!violation.field.empty() && !violation.description.empty(),
            "a violation names its field and rule");
    Require(IsUtf8(violation.field) && IsUtf8(violation.description), "a violation is valid UTF-8");
  }
}

const std::vector<std::string>& Canaries() {
  static const std::vector<std::string> kCanaries = {"CANARYtoken0123456789", "canary p+w/d=ü",
                                                     "\"canary-cookie\"", "CnRy"};
  return kCanaries;
}

bool ShowsSecret(std::string_view text, const std::vector<std::string>& secrets) {
  const std::string shown = LowerCase(text);
  for (std::string secret : secrets) {
    if (secret.size() >= 2 && secret.front() == '"' && secret.back() == '"')
      secret = secret.substr(1, secret.size() - 2);
    if (Contains(shown, LowerCase(secret)) || Contains(shown, LowerCase(PercentEncode(secret)))) return true;
  }
  return false;
}

bool IsPercentEncodedText(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' || c == '~')
      continue;
    if (c != '%' || i + 2 >= text.size() || HexValue(text[i + 1]) < 0 || HexValue(text[i + 2]) < 0)
      return false;
    i += 2;
  }
  return true;
}

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    out += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
    i += 2;
  }
  return out;
}

}  // namespace session_gateway::fuzzing
