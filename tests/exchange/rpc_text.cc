#include "tests/exchange/rpc_text.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/client_context.h>

#include <map>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "sessiongateway/v1/session_gateway.grpc.pb.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;
using google::protobuf::Message;
using google::protobuf::TextFormat;

constexpr char kDomain[] = "sessiongateway.v1";
constexpr char kOutcomeTrailer[] = "session-gateway-outcome";
constexpr char kPushbackTrailer[] = "grpc-retry-pushback-ms";
constexpr char kDetailsTrailer[] = "grpc-status-details-bin";
constexpr std::size_t kTrailerBytesMax = 4096;

class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (text.empty()) text = absl::StrCat("line ", line + 1, ", column ", column + 1, ": ", message, "\n");
  }
  std::string text;
};

bool Parse(const std::string& text, Message& message, std::string& problems) {
  TextFormat::Parser parser;
  FirstError error;
  parser.RecordErrorsTo(&error);
  const bool parsed = parser.ParseFromString(text, &message);
  problems += error.text;
  return parsed;
}

std::string Print(const Message& message) {
  TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(message, &text);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::multimap<std::string, std::string> Copy(
    const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  std::multimap<std::string, std::string> copy;
  for (const auto& [name, value] : metadata) {
    copy.emplace(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }
  return copy;
}

// One line each: a control character is shown as its byte.
void AppendLine(std::string& text, std::string_view name, std::string_view value) {
  if (!text.empty()) text += '\n';
  text.append(name).append(": ");
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      absl::StrAppendFormat(&text, "<%02X>", byte);
    } else {
      text += c;
    }
  }
}

std::string CodeName(int code) { return absl::StatusCodeToString(static_cast<absl::StatusCode>(code)); }

// Each key of an ErrorInfo's metadata, and what it may say.
bool IsLegal(const std::string& key, const std::string& value) {
  static const std::map<std::string, std::set<std::string>> kWords = {
      {"upstream", {"symphony", "qlik"}},
      {"outcome", {"not_sent", "refused", "done", "unknown"}},
      {"phase",
       {"validate", "queue", "resolve", "connect", "handshake", "logon", "send", "wait", "receive",
        "parse"}}};
  if (const auto words = kWords.find(key); words != kWords.end()) return words->second.contains(value);
  const bool is_number = !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
  if (key == "http_status") return is_number && value.size() <= 3;
  return (key == "session_id" || key == "id") && !value.empty();
}

bool IsReason(const std::string& reason) {
  static const std::set<std::string> kReasons = {
      "INVALID_FIELD",   "UNSUPPORTED",     "REQUEST_ID_REUSED", "UPSTREAM_NOT_CONFIGURED",
      "UPSTREAM_TLS",    "LOGON_REFUSED",   "UPSTREAM_REFUSED",  "UPSTREAM_UNREACHABLE",
      "UPSTREAM_FAILED", "OUTCOME_UNKNOWN", "UPSTREAM_CONTRACT", "ANSWER_UNREADABLE",
      "DEADLINE",        "OVERLOADED",      "DRAINING",          "LEDGER_UNAVAILABLE"};
  return kReasons.contains(reason);
}

void CheckInfo(const google::rpc::ErrorInfo& info, RpcResult& result) {
  if (info.domain() != kDomain) result.problems += "another domain: " + info.domain() + "\n";
  if (!IsReason(info.reason())) result.problems += "no such reason: " + info.reason() + "\n";
  for (const char* const key : {"upstream", "outcome", "phase"}) {
    if (!info.metadata().contains(key)) result.problems += absl::StrCat("without ", key, "\n");
  }
  for (const auto& [key, value] : info.metadata()) {
    if (!IsLegal(key, value)) result.problems += "not allowed in the metadata: " + key + ": " + value + "\n";
  }
}

// The details in their order on the wire. What must hold of every error is noted in `result.problems`.
void RenderDetails(const grpc::Status& status, RpcResult& result) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details()) || details.details_size() == 0) {
    result.problems += "the error has no details\n";
    return;
  }
  if (details.code() != static_cast<int>(status.error_code()) ||
      details.message() != status.error_message()) {
    result.problems += "the details tell another status: " + details.ShortDebugString() + "\n";
  }
  for (const auto& any : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&info)) {
      AppendLine(result.text, "reason", info.reason());
      CheckInfo(info, result);
      const std::map<std::string, std::string> sorted(info.metadata().begin(), info.metadata().end());
      for (const auto& [name, value] : sorted) AppendLine(result.text, name, value);
      if (const auto found = sorted.find("outcome"); found != sorted.end()) result.outcome = found->second;
    } else if (any.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        AppendLine(result.text, "violation", violation.field() + ": " + violation.description());
      }
    } else if (any.UnpackTo(&retry)) {
      AppendLine(result.text, "retry_delay", absl::StrCat(retry.retry_delay().seconds(), "s"));
      if (retry.retry_delay().nanos() != 0) result.problems += "the retry delay has nanoseconds\n";
    } else {
      result.problems += "an unknown detail: " + any.type_url() + "\n";
    }
  }
}

// As it goes over the wire, percent-encoded.
std::size_t EncodedBytes(const std::string& message) {
  std::size_t bytes = 0;
  for (const char c : message) bytes += c >= ' ' && c <= '~' && c != '%' ? 1 : 3;
  return bytes;
}

void RenderTrailers(const grpc::ClientContext& context, const grpc::Status& status, RpcResult& result) {
  std::size_t bytes = EncodedBytes(status.error_message());
  const auto trailers = Copy(context.GetServerTrailingMetadata());
  for (const auto& [name, value] : trailers) {
    const bool is_binary = name == kDetailsTrailer;  // base64
    bytes += name.size() + (is_binary ? (value.size() + 2) / 3 * 4 : value.size());
    if (!is_binary) AppendLine(result.text, "trailer " + name, value);
    if (!is_binary && name != kOutcomeTrailer && name != kPushbackTrailer) {
      result.problems += "another trailer: " + name + "\n";
    }
  }
  if (bytes >= kTrailerBytesMax) result.problems += absl::StrCat("the trailers have ", bytes, " bytes\n");
  const auto outcome = trailers.find(kOutcomeTrailer);
  if (outcome == trailers.end() || outcome->second != result.outcome) {
    result.problems += "the outcome's trailer is missing or differs from the details\n";
  }
  const bool forbids_retry = result.outcome == "unknown" || result.outcome == "done";
  const auto pushback = trailers.find(kPushbackTrailer);
  if (pushback == trailers.end() ? forbids_retry : !forbids_retry || pushback->second != "-1") {
    result.problems += "grpc-retry-pushback-ms does not fit the outcome\n";
  }
}

void RenderError(const grpc::ClientContext& context, const grpc::Status& status, RpcResult& result) {
  AppendLine(result.text, "code", result.code);
  AppendLine(result.text, "message", status.error_message());
  RenderDetails(status, result);
  RenderTrailers(context, status, result);
  // What protobuf takes for a string is valid UTF-8.
  google::rpc::Status utf8;
  utf8.set_message(status.error_message());
  google::rpc::Status parsed;
  if (!parsed.ParseFromString(utf8.SerializeAsString())) result.problems += "the message is no UTF-8\n";
  // Meshes and clients repeat UNAVAILABLE by themselves.
  if (status.error_code() == grpc::UNAVAILABLE && result.outcome != "not_sent") {
    result.problems += "UNAVAILABLE although something may have been sent\n";
  }
}

template <typename Request, typename Response>
RpcResult Call(const std::string& text, std::chrono::milliseconds deadline, const RpcMetadata& metadata,
               v1::SessionGateway::Stub& stub,
               grpc::Status (v1::SessionGateway::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                Response*)) {
  RpcResult result;
  Request request;
  if (!Parse(text, request, result.problems)) return result;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + deadline);
  for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  result.ok = status.ok();
  result.code = CodeName(static_cast<int>(status.error_code()));
  // An error with initial metadata is not Trailers-Only, and clients' own retry rules stop to work.
  for (const auto& [name, value] : Copy(context.GetServerInitialMetadata())) {
    result.problems += "initial metadata: " + name + ": " + value + "\n";
  }
  if (result.ok) {
    result.text = Print(response);
  } else {
    RenderError(context, status, result);
  }
  return result;
}

}  // namespace

RpcResult CallByText(const std::shared_ptr<grpc::Channel>& channel, const std::string& rpc,
                     const std::string& request, std::chrono::milliseconds deadline) {
  return CallByText(channel, rpc, request, deadline, {});
}

RpcResult CallByText(const std::shared_ptr<grpc::Channel>& channel, const std::string& rpc,
                     const std::string& request, std::chrono::milliseconds deadline,
                     const RpcMetadata& metadata) {
  using Stub = v1::SessionGateway::Stub;
  Stub stub(channel);
  if (rpc == "CreateSession") {
    return Call<v1::CreateSessionRequest, v1::CreateSessionResponse>(request, deadline, metadata, stub,
                                                                     &Stub::CreateSession);
  }
  if (rpc == "CreateExecutionSession") {
    return Call<v1::CreateExecutionSessionRequest, v1::CreateExecutionSessionResponse>(
        request, deadline, metadata, stub, &Stub::CreateExecutionSession);
  }
  RpcResult result;
  result.problems = "unknown rpc: " + rpc + "\n";
  return result;
}

std::string CsrfTokenOf(const std::string& rpc, const std::string& request) {
  v1::CreateSessionRequest message;
  std::string ignored;
  if (rpc != "CreateSession" || !Parse(request, message, ignored)) return {};
  return message.csrf_token();
}

std::string CanonicalResponse(const std::string& rpc, const std::string& text, std::string& problems) {
  v1::CreateSessionResponse session;
  v1::CreateExecutionSessionResponse execution_session;
  Message& message = rpc == "CreateSession" ? static_cast<Message&>(session) : execution_session;
  Parse(text, message, problems);
  return Print(message);
}

}  // namespace session_gateway
