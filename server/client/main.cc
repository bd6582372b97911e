// session-gateway-client: creates one session through the gateway, from flags and a JSON file in the REST
// API's own shape, and prints the answer or a readable error.
#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <sstream>

#include "absl/status/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/clock.h"
#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "translator/body_reader.h"
#include "translator/body_writer.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

struct ClientFlags {
  std::string target = "127.0.0.1:50051";
  double timeout_seconds = 30;
  bool validate_only = false;
  bool explain = false;
  std::string save;
  std::string body_file;
  std::string application;
  std::string cluster;
  std::string csrf_token;
  bool privileges = false;
};

std::string Pretty(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  return status.ok() ? text : message.DebugString();
}

// The message in the REST shape, as the gateway itself writes it.
std::string RestText(const google::protobuf::Message& message) {
  const auto plan = BodyPlan::Compile(*message.GetDescriptor(), DeclaredOptions);
  std::string text;
  Violations violations;
  WriteBody(std::get<BodyPlan>(plan), message, nullptr, text, violations);
  return text;
}

bool WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) std::cerr << "cannot write " << path << '\n';
  return static_cast<bool>(file);
}

// Fills `message` from a file in the REST shape. What has no field of its own travels in additional_json.
bool ReadBodyFile(const std::string& path, google::protobuf::Message& message) {
  std::ifstream file(path);
  std::stringstream content;
  if (!(content << file.rdbuf())) {
    std::cerr << "cannot read " << path << '\n';
    return false;
  }
  const auto plan = BodyPlan::Compile(*message.GetDescriptor(), DeclaredOptions);
  std::string text = content.str();
  JsonReader reader;
  const JsonFault fault = ReadBody(std::get<BodyPlan>(plan), reader, text, message);
  if (fault != JsonFault::kNone) std::cerr << path << ' ' << JsonFaultText(fault) << '\n';
  return fault == JsonFault::kNone;
}

void PrintDetails(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return;
  for (const auto& any : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&info)) {
      std::cerr << "reason: " << info.reason() << '\n';
      for (const auto& [key, value] : info.metadata()) std::cerr << key << ": " << value << '\n';
    } else if (any.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        std::cerr << "field " << violation.field() << ": " << violation.description() << '\n';
      }
    } else if (any.UnpackTo(&retry)) {
      std::cerr << "retry after: " << retry.retry_delay().seconds() << " s\n";
    }
  }
}

void PrintRestRequest(const v1::RestRequest& request) {
  std::cout << "--- what the gateway would send (secrets masked) ---\n"
            << request.method() << ' ' << request.url() << '\n';
  for (const auto& [name, value] : request.headers()) std::cout << name << ": " << value << '\n';
  std::cout << '\n' << request.body() << '\n';
}

// One RPC of the stub, by its member function.
template <typename Request, typename Response>
using Method = grpc::Status (v1::SessionGateway::Stub::*)(grpc::ClientContext*, const Request&, Response*);

class Client {
 public:
  explicit Client(const ClientFlags& flags)
      : flags_(flags),
        stub_(v1::SessionGateway::NewStub(
            grpc::CreateChannel(flags.target, grpc::InsecureChannelCredentials()))) {}

  // Shows the call as the flags ask. `body_of` names the part of either message that travels as a body.
  template <typename Request, typename Response, typename BodyOf>
  int Run(Method<Request, Response> method, Request request, BodyOf&& body_of) {
    if (flags_.explain) std::cout << "--- request ---\n" << Pretty(request);
    request.set_validate_only(flags_.validate_only);
    Response response;
    if (!Call(method, request, response)) return kExitFailed;
    if (response.has_rest_request()) {
      PrintRestRequest(response.rest_request());
      return kExitOk;
    }
    if (flags_.explain) std::cout << "--- answer ---\n";
    std::cout << Pretty(response);
    if (flags_.save.empty()) return kExitOk;
    const bool saved = WriteFile(flags_.save + ".request.json", RestText(body_of(request))) &&
                       WriteFile(flags_.save + ".answer.json", RestText(body_of(response)));
    return saved ? kExitOk : kExitFailed;
  }

 private:
  template <typename Request, typename Response>
  bool Call(Method<Request, Response> method, const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(SystemClock().WallNow() +
                         std::chrono::milliseconds(static_cast<std::int64_t>(flags_.timeout_seconds * 1000)));
    const grpc::Status status = ((*stub_).*method)(&context, request, &response);
    if (status.ok()) return true;
    std::cerr << "failed: " << absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code()))
              << ": " << status.error_message() << '\n';
    PrintDetails(status);
    return false;
  }

  const ClientFlags& flags_;
  std::unique_ptr<v1::SessionGateway::Stub> stub_;
};

struct SymphonyBody {
  const v1::Session& operator()(const v1::CreateSessionRequest& request) const { return request.session(); }
  const v1::CreateSessionResponse& operator()(const v1::CreateSessionResponse& response) const {
    return response;
  }
};

struct QlikBody {
  template <typename Message>
  const v1::ExecutionSession& operator()(const Message& message) const {
    return message.execution_session();
  }
};

int CreateSession(const ClientFlags& flags, const CLI::App& command) {
  v1::CreateSessionRequest request;
  request.set_application_name(flags.application);
  if (command.count("--cluster") > 0) request.set_cluster_id(flags.cluster);
  if (command.count("--csrf-token") > 0) request.set_csrf_token(flags.csrf_token);
  if (!flags.body_file.empty() && !ReadBodyFile(flags.body_file, *request.mutable_session()))
    return kExitUsage;
  return Client(flags).Run<v1::CreateSessionRequest, v1::CreateSessionResponse>(
      &v1::SessionGateway::Stub::CreateSession, request, SymphonyBody{});
}

int CreateExecutionSession(const ClientFlags& flags) {
  v1::CreateExecutionSessionRequest request;
  if (flags.privileges) request.set_privileges(true);
  request.mutable_execution_session();
  if (!flags.body_file.empty() && !ReadBodyFile(flags.body_file, *request.mutable_execution_session())) {
    return kExitUsage;
  }
  return Client(flags).Run<v1::CreateExecutionSessionRequest, v1::CreateExecutionSessionResponse>(
      &v1::SessionGateway::Stub::CreateExecutionSession, request, QlikBody{});
}

int Main(int argc, char** argv) {
  ClientFlags flags;
  CLI::App app("Creates one session through session-gateway", "session-gateway-client");
  app.add_option("--target", flags.target, "The gateway")->type_name("HOST:PORT")->capture_default_str();
  app.add_option("--timeout", flags.timeout_seconds, "Deadline of the call, in seconds")
      ->check(CLI::Range(0.001, 300.0))
      ->capture_default_str();
  app.add_flag("--validate-only", flags.validate_only, "Show what would be sent, send nothing");
  app.add_flag("--explain", flags.explain, "Show the gRPC request before the answer");
  app.add_option(
         "--save", flags.save,
         "Write the body and the answer in the REST shape to PREFIX.request.json and PREFIX.answer.json")
      ->type_name("PREFIX");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("session-gateway-client ") + SESSION_GATEWAY_VERSION);
  app.footer("Exit code: 0 created (or shown), 1 the call failed, 2 bad flags or file.");

  auto* session =
      app.add_subcommand("create-session", "A session of an application of IBM Spectrum Symphony");
  session->add_option("--application", flags.application, "Name of the application")->required();
  session->add_option("--cluster", flags.cluster, "Id of the cluster");
  session->add_option("--csrf-token", flags.csrf_token,
                      "Your own CSRF token, where the gateway does not log on");
  session->add_option("--body", flags.body_file, "JSON file with the REST body")->type_name("FILE");

  auto* execution = app.add_subcommand("create-execution-session", "An execution session row of Qlik Sense");
  execution->add_flag("--privileges", flags.privileges, "Ask for your privileges in the answer");
  execution->add_option("--body", flags.body_file, "JSON file with the REST body")->type_name("FILE");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? kExitOk : kExitUsage;
  }
  return session->parsed() ? CreateSession(flags, *session) : CreateExecutionSession(flags);
}

}  // namespace
}  // namespace session_gateway

int main(int argc, char** argv) { return session_gateway::Main(argc, argv); }
