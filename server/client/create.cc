#include "server/client/create.h"

#include <grpcpp/client_context.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "server/client/call_failure.h"
#include "server/client/channel.h"
#include "server/client/flag_table.h"
#include "server/client/input.h"
#include "server/client/json_fault_text.h"
#include "server/client/report.h"
#include "server/client/rest_body.h"
#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "translator/additional_json.h"

namespace session_gateway {
namespace {

namespace v1 = sessiongateway::v1;
using google::protobuf::Message;

constexpr char kAuthorizationMetadata[] = "symphony-authorization";
constexpr char kCookieMetadata[] = "symphony-cookie";

// What differs between the two RPCs.
struct Symphony {
  using Request = v1::CreateSessionRequest;
  using Response = v1::CreateSessionResponse;
  static constexpr auto kMethod = static_cast<grpc::Status (v1::SessionGateway::Stub::*)(
      grpc::ClientContext*, const Request&, Response*)>(&v1::SessionGateway::Stub::CreateSession);

  static CallSubject Subject() {
    return {"CreateSession", "Symphony", "session", "session", v1::Session::descriptor(), {}, {}, {}};
  }
  static void Fill(const ClientFlags& flags, const Credentials& credentials, Request& request) {
    request.set_application_name(flags.application);
    if (flags.cluster) request.set_cluster_id(*flags.cluster);
    if (credentials.csrf_token) request.set_csrf_token(credentials.csrf_token->Reveal());
  }
  static Message& MutableBody(Request& request) { return *request.mutable_session(); }
  static const Message& Body(const Request& request) { return request.session(); }
  static const Message& Body(const Response& response) { return response; }
  static std::string Headline(const Response& response) {
    return "Session " + response.session_id() + " created at " + response.endpoint();
  }
  static void HideSecrets(Request& request) {
    if (request.has_csrf_token()) request.set_csrf_token(std::string(Secret::kStars));
  }
};

struct Qlik {
  using Request = v1::CreateExecutionSessionRequest;
  using Response = v1::CreateExecutionSessionResponse;
  static constexpr auto kMethod = static_cast<grpc::Status (v1::SessionGateway::Stub::*)(
      grpc::ClientContext*, const Request&, Response*)>(&v1::SessionGateway::Stub::CreateExecutionSession);

  static CallSubject Subject() {
    return {"CreateExecutionSession",
            "Qlik",
            "execution session",
            "execution_session",
            v1::ExecutionSession::descriptor(),
            {},
            {},
            {}};
  }
  static void Fill(const ClientFlags& flags, const Credentials&, Request& request) {
    if (flags.privileges) request.set_privileges(true);
  }
  static Message& MutableBody(Request& request) { return *request.mutable_execution_session(); }
  static const Message& Body(const Request& request) { return request.execution_session(); }
  static const Message& Body(const Response& response) { return response.execution_session(); }
  static std::string Headline(const Response& response) {
    const std::string& id = response.execution_session().id();
    return "Execution session " + (id.empty() ? "without an id" : id) + " created";
  }
  static void HideSecrets(Request&) {}
};

// A random UUID of version 4.
std::string NewUuid(Random& random) {
  std::array<std::uint32_t, 4> words{};
  for (std::uint32_t& word : words) word = random.Next();
  words[1] = (words[1] & 0xFFFF0FFFU) | 0x4000U;
  words[2] = (words[2] & 0x3FFFFFFFU) | 0x80000000U;
  std::array<char, 37> text{};
  std::snprintf(text.data(), text.size(), "%08x-%04x-%04x-%04x-%04x%08x", words[0], words[1] >> 16,
                words[1] & 0xFFFFU, words[2] >> 16, words[2] & 0xFFFFU, words[3]);
  return text.data();
}

// The file and then the flags, or what is wrong.
std::variant<JsonNode, CallFailure> ReadBodyTree(const ClientFlags& flags) {
  JsonNode body;
  body.kind = JsonKind::kObject;
  if (flags.body_file) {
    auto read = ReadInput(*flags.body_file);
    if (const auto* problem = std::get_if<InputProblem>(&read)) return LocalFailure(problem->text, {});
    auto& text = std::get<std::string>(read);
    auto parsed = ParseJsonObject(text);
    const std::string name = *flags.body_file == "-" ? "standard input" : *flags.body_file;
    if (const auto* fault = std::get_if<JsonFault>(&parsed)) {
      return LocalFailure(name + ' ' + ExplainJsonFault(*fault, text), {});
    }
    body = std::get<JsonNode>(std::move(parsed));
  }
  for (const MemberFlag& member : flags.members) {
    const std::string problem = PutJson(body, *SplitPointer(member.pointer), *ParseJsonValue(member.json));
    if (!problem.empty()) return LocalFailure(member.flag + ": " + problem, {});
  }
  return body;
}

template <typename Rpc>
class Creation {
 public:
  Creation(const ClientFlags& flags, const Clock& clock)
      : flags_(flags), clock_(clock), subject_(Rpc::Subject()), report_(flags.json, std::cout, std::cerr) {
    subject_.target = flags.target;
    subject_.tls = flags.tls;
  }

  int Run(Random& random) {
    auto credentials = ReadCredentials(flags_.credentials);
    if (const auto* problem = std::get_if<InputProblem>(&credentials)) return Refuse(problem->text);
    secrets_ = std::get<Credentials>(std::move(credentials));
    Rpc::Fill(flags_, secrets_, request_);
    if (const auto failure = FillBody()) return Fail(*failure);

    auto opened = OpenChannel(flags_.target, flags_.tls);
    if (const auto* problem = std::get_if<ChannelProblem>(&opened)) return Refuse(problem->text);
    if (!OpenSaves()) return Refuse("cannot write " + flags_.save + ".request.json and .answer.json");
    GiveRequestId(random);
    const auto& channel = std::get<std::shared_ptr<grpc::Channel>>(opened);
    Warn();
    return Call(channel);
  }

 private:
  int Fail(const CallFailure& failure) {
    report_.Failed(subject_, failure);
    return failure.exit_code;
  }
  int Refuse(const std::string& text) { return Fail(LocalFailure(text, {})); }

  std::optional<CallFailure> FillBody() {
    Message& message = Rpc::MutableBody(request_);
    if (!flags_.body_file && flags_.members.empty()) return std::nullopt;
    auto tree = ReadBodyTree(flags_);
    if (auto* failure = std::get_if<CallFailure>(&tree)) return std::move(*failure);
    auto problems = FillFromRestBody(std::get<JsonNode>(std::move(tree)), message);
    if (problems.empty()) return std::nullopt;
    return LocalFailure("this body cannot be sent as it stands.", std::move(problems));
  }

  bool OpenSaves() {
    if (flags_.save.empty()) return true;
    saved_request_.open(flags_.save + ".request.json");
    saved_answer_.open(flags_.save + ".answer.json");
    return saved_request_ && saved_answer_;
  }

  void GiveRequestId(Random& random) {
    if (!flags_.request_id) return;
    const bool made = *flags_.request_id == "new";
    subject_.request_id = made ? NewUuid(random) : *flags_.request_id;
    request_.set_request_id(*subject_.request_id);
    // Said before the call: whoever loses the answer still has it.
    if (made) std::cerr << "request id: " << *subject_.request_id << '\n';
  }

  void Warn() const {
    const bool secret = secrets_.authorization || secrets_.cookie || secrets_.csrf_token;
    if (secret && IsExposed(flags_.target, flags_.tls)) {
      std::cerr << "warning: your credentials travel unencrypted to " << flags_.target << "; use --tls\n";
    }
  }

  int Call(const std::shared_ptr<grpc::Channel>& channel) {
    if (flags_.explain) Explain("request", Shown(request_));
    request_.set_validate_only(flags_.dry_run);
    // From here on: a body from standard input may have taken its time.
    const WallTime deadline = clock_.WallNow() + flags_.deadline;
    const Connection connection = Connect(*channel, deadline);
    if (connection == Connection::kTimedOut) {
      return Fail(FailureOf({grpc::StatusCode::DEADLINE_EXCEEDED, "no connection within the deadline"},
                            connection, 0));
    }
    grpc::ClientContext context;
    context.set_deadline(deadline);
    if (secrets_.authorization) context.AddMetadata(kAuthorizationMetadata, secrets_.authorization->Reveal());
    if (secrets_.cookie) context.AddMetadata(kCookieMetadata, secrets_.cookie->Reveal());
    typename Rpc::Response response;
    const auto stub = v1::SessionGateway::NewStub(channel);
    const grpc::Status status = ((*stub).*Rpc::kMethod)(&context, request_, &response);
    if (!status.ok()) return Fail(FailureOf(status, connection, request_.ByteSizeLong()));
    return Show(response);
  }

  int Show(const typename Rpc::Response& response) {
    if (response.has_rest_request()) {
      report_.DryRun(subject_, response.rest_request());
      return std::cout.flush() ? kExitCreated : kExitNotWritten;
    }
    if (flags_.explain) Explain("answer", response);
    std::string headline = Rpc::Headline(response);
    if (response.replayed()) headline += " by an earlier call with this request id";
    report_.Created(subject_, headline, response, Rpc::Body(response));
    if (!flags_.save.empty()) {
      saved_request_ << JsonText(RestBodyOf(Rpc::Body(request_))) << std::flush;
      saved_answer_ << JsonText(RestBodyOf(Rpc::Body(response))) << std::flush;
    }
    if (std::cout.flush() && saved_request_ && saved_answer_) return kExitCreated;
    std::cerr << headline << "; its answer could not be written\n";
    return kExitNotWritten;
  }

  static typename Rpc::Request Shown(typename Rpc::Request request) {
    Rpc::HideSecrets(request);
    return request;
  }

  static void Explain(std::string_view what, const Message& message) {
    std::cout << "--- gRPC " << what << " ---\n" << ProtoJson(message) << "---\n";
  }

  const ClientFlags& flags_;
  const Clock& clock_;
  CallSubject subject_;
  Report report_;
  Credentials secrets_;
  typename Rpc::Request request_;
  std::ofstream saved_request_;
  std::ofstream saved_answer_;
};

}  // namespace

int Create(const ClientFlags& flags, const Clock& clock, Random& random) {
  if (flags.command == Command::kCreateSession) return Creation<Symphony>(flags, clock).Run(random);
  return Creation<Qlik>(flags, clock).Run(random);
}

}  // namespace session_gateway
