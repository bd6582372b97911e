#include "tests/exchange/rpc_text.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/client_context.h>

#include <map>

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
      if (info.domain() != kDomain) result.problems += "another domain: " + info.domain() + "\n";
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

void RenderTrailers(const grpc::ClientContext& context, const grpc::Status& status, RpcResult& result) {
  std::size_t bytes = status.error_message().size();
  const auto trailers = Copy(context.GetServerTrailingMetadata());
  for (const auto& [name, value] : trailers) {
    bytes += name.size() + value.size();
    if (name != kDetailsTrailer) AppendLine(result.text, "trailer " + name, value);
  }
  if (bytes > kTrailerBytesMax) result.problems += absl::StrCat("the trailers have ", bytes, " bytes\n");
  const auto outcome = trailers.find(kOutcomeTrailer);
  if (outcome == trailers.end() || outcome->second != result.outcome) {
    result.problems += "the outcome's trailer is missing or differs from the details\n";
  }
}

void RenderError(const grpc::ClientContext& context, const grpc::Status& status, RpcResult& result) {
  AppendLine(result.text, "code", result.code);
  AppendLine(result.text, "message", status.error_message());
  RenderDetails(status, result);
  RenderTrailers(context, status, result);
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
