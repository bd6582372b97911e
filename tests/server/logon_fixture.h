// What tests of log-ons share: an upstream's whole stack against a sandbox, calls on the test's loop, and
// what a caller would be told of their end.
//
// Thread rule: the loop runs on the test's thread. Never here: what is expected of a log-on.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "server/upstream/make_authentication.h"
#include "server/upstream/stack.h"
#include "tests/sandbox/sandbox.h"
#include "tests/server/engine_fixture.h"
#include "translator/create_execution_session.h"
#include "translator/create_session.h"

namespace session_gateway {

inline constexpr char kUser[] = "Admin";
inline constexpr char kPassword[] = "pass:word CANARY";

class LogonTest : public EngineTest {
 protected:
  using Made = std::vector<std::unique_ptr<Call>>;

  LogonTest() : files_(loop_, clock_, std::chrono::hours(1), [](std::string_view, const auto&) {}) {}
  ~LogonTest() override { CloseStack(); }

  // The loop has nothing left to do afterwards.
  void CloseStack() {
    if (!stack_) return;
    stack_->Close();
    loop_.restart();
    loop_.run();
    stack_.reset();
  }

  static SandboxOptions SymphonySandbox() {
    SandboxOptions options;
    options.symphony_logon.emplace().users = {{kUser, kPassword}, {"other", "secret2"}};
    return options;
  }

  void StartSandbox(SandboxOptions options) {
    // All of a test's: a create that meets the end of a log-on is there twice.
    options.requests_max = 8192;
    sandbox_ = std::make_unique<Sandbox>(std::move(options));
    const auto problem = sandbox_->Start();
    ASSERT_EQ(problem, std::nullopt);
  }

  static SymphonyAuthConfig ServiceAccount() {
    SymphonyAuthConfig config;
    config.mode = SymphonyAuthMode::kServiceAccount;
    config.user = kUser;
    config.password_env = "PASSWORD";
    return config;
  }

  AuthenticationParts Parts() {
    return {loop_, clock_, random_, files_, [this](const std::string& name) -> std::optional<Secret> {
              const auto found = environment_.find(name);
              if (found == environment_.end()) return std::nullopt;
              return Secret(found->second);
            }};
  }

  void MakeStack(MadeAuthentication made, const std::vector<std::string>& endpoints) {
    const auto* const problem = std::get_if<std::string>(&made);
    ASSERT_EQ(problem, nullptr) << *problem;
    std::vector<Endpoint> parsed;
    for (const std::string& text : endpoints) parsed.push_back(std::get<Endpoint>(ParseEndpoint(text)));
    // Without repeats, so that each log-on that a test counts is of one attempt.
    StackLimits limits;
    limits.engine.kind = EngineUnderTest();
    limits.retry.attempts = 1;
    stack_.emplace(StackParts{loop_, clock_, random_}, parsed, limits,
                   std::get<std::unique_ptr<Authentication>>(std::move(made)),
                   [](std::string_view, EndpointEvent) {});
  }

  void MakeSymphony(const SymphonyAuthConfig& config) {
    MakeStack(MakeSymphonyAuthentication(config, Parts()), {sandbox_->Endpoint(SandboxUpstream::kSymphony)});
  }

  static HttpRequest CreateSession(const std::string& csrf_token = "") {
    HttpRequest request;
    request.method = "POST";
    request.path = "/platform/rest/symrest/v1/clientapi/session";
    request.query = {{"applicationName", "app"}};
    if (!csrf_token.empty()) request.query.push_back({"csrftoken", csrf_token, Secrecy::kSecret});
    request.headers = {{"accept", "application/json"},
                       {"accept-encoding", "identity"},
                       {"content-type", "application/json"}};
    request.body = "{}";
    return request;
  }

  std::unique_ptr<Call> StartCall(HttpRequest request = CreateSession(), const Caller& caller = {},
                                  Duration left = kPatience) {
    auto call = std::make_unique<Call>(clock_.Now() + left);
    call->context.set_caller(caller);
    call->request = std::move(request);
    boost::asio::co_spawn(loop_, stack_->transport().Send(call->request, call->context),
                          [waiting = call.get()](std::exception_ptr error, SendResult result) {
                            EXPECT_EQ(error, nullptr);
                            waiting->result = std::move(result);
                          });
    return call;
  }

  SendResult Create(HttpRequest request = CreateSession(), const Caller& caller = {}) {
    const auto call = StartCall(std::move(request), caller);
    return Finish(*call);
  }

  Made StartMany(int count, const Caller& caller = {}) {
    Made calls;
    for (int i = 0; i < count; ++i) calls.push_back(StartCall(CreateSession(), caller));
    return calls;
  }

  // How many ended with that status; 0: without an answer.
  int FinishMany(Made& calls, int status) {
    EXPECT_TRUE(RunUntil([&] {
      return std::all_of(calls.begin(), calls.end(),
                         [](const auto& call) { return call->result.has_value(); });
    }));
    return static_cast<int>(std::count_if(calls.begin(), calls.end(), [status](const auto& call) {
      const auto* reply = call->result ? std::get_if<HttpReply>(&*call->result) : nullptr;
      return (reply == nullptr ? 0 : reply->status) == status;
    }));
  }

  static int StatusOf(const SendResult& result) {
    const auto* reply = std::get_if<HttpReply>(&result);
    return reply == nullptr ? 0 : reply->status;
  }

  // `INTERNAL LOGON_REFUSED not_sent logon`, or `OK done`.
  std::string Told(SendResult result) {
    static const auto translator = CreateSessionTranslator::Make(DeclaredOptions);
    JsonReader reader;
    sessiongateway::v1::CreateSessionResponse response;
    const auto error = std::get<CreateSessionTranslator>(translator)
                           .Response(result, stack_->authentication().owner(), reader, response);
    if (!error) return "OK done";
    return absl::StatusCodeToString(error->code) + " " + std::string(ReasonName(error->reason)) + " " +
           std::string(OutcomeName(error->outcome)) + " " + std::string(PhaseName(error->phase));
  }

  SandboxCounters Counters(SandboxUpstream upstream = SandboxUpstream::kSymphony) const {
    return sandbox_->counters(upstream);
  }

  // The requests to a path, oldest first.
  std::vector<SandboxRequest> Requests(const std::string& path,
                                       SandboxUpstream upstream = SandboxUpstream::kSymphony) const {
    std::vector<SandboxRequest> found = sandbox_->requests(upstream);
    std::erase_if(found, [&path](const SandboxRequest& request) {
      return request.target.find(path) == std::string::npos;
    });
    return found;
  }

  static std::string HeaderOf(const SandboxRequest& request, const std::string& name) {
    for (const auto& [header, value] : request.headers) {
      if (header == name) return value;
    }
    return "(none)";
  }

  SystemRandom random_;
  CredentialFiles files_;
  std::map<std::string, std::string> environment_ = {{"PASSWORD", kPassword}};
  std::unique_ptr<Sandbox> sandbox_;
  std::optional<UpstreamStack> stack_;
};

}  // namespace session_gateway
