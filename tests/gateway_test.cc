// The programs as their users run them: flags, files, exit codes, the listening line, both sessions on the
// sandbox, the log, the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <future>
#include <sstream>

#include "tests/exchange/case_file.h"
#include "tests/exchange/channel.h"
#include "tests/exchange/exact_json.h"
#include "tests/gateway/programs.h"
#include "tests/server/raw_server.h"

namespace session_gateway {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kSession = "CreateSession";
const std::string kExecutionSession = "CreateExecutionSession";
const std::string kSource = SESSION_GATEWAY_SOURCE_DIR;

nlohmann::json Fixture(const std::string& name) {
  return ParseExactJson(ReadWholeFile(kSource + "/tests/data/" + name + ".json"));
}

// Both fixtures as messages: what is answered is whole, and what the upstream holds is the fixture.
void ExpectFixturesArrive(const GatewayProgram& gateway, const SandboxControl& symphony,
                          const SandboxControl& qlik) {
  const RpcResult session = gateway.Call(kSession, RequestOfCase("symphony/fixture_whole"));
  ASSERT_TRUE(session.ok) << session.text;
  const nlohmann::json sessions = symphony.Get("rows");
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions[0].at("session"), Fixture("symphony"));
  EXPECT_THAT(session.text, HasSubstr("session_id: \"" + sessions[0].at("sessionId").dump() + "\""));
  EXPECT_THAT(session.text, HasSubstr("application_name: \"symping7.3.2\""));
  EXPECT_THAT(session.text, Not(HasSubstr("additional_json")));

  const std::string request = RequestOfCase("qlik/fixture_whole");
  const RpcResult row = gateway.Call(kExecutionSession, request);
  ASSERT_TRUE(row.ok) << row.text;
  const nlohmann::json rows = qlik.Get("rows");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0], Fixture("qlik"));
  // The row has the request's name in the answer too, so one text stands for both messages.
  std::string problems;
  EXPECT_EQ(row.text, CanonicalResponse(kExecutionSession, request, problems));
  EXPECT_EQ(problems, "");
}

TEST(GatewayProgram, CreatesBothFixturesOnItsOwnSandbox) {
  GatewayProgram gateway({"--sandbox"});
  EXPECT_THAT(gateway.address(), ContainsRegex("^127\\.0\\.0\\.1:[1-9][0-9]*$"));
  ExpectFixturesArrive(gateway, gateway.symphony(), gateway.qlik());
  EXPECT_EQ(gateway.Stop(), 0) << gateway.process().log();
}

TEST(GatewayProgram, CreatesBothFixturesOnConfiguredUpstreams) {
  const SandboxProgram sandbox;
  const TemporaryFile config(ConfigFor(sandbox.symphony_endpoint(), sandbox.qlik_endpoint()));
  GatewayProgram gateway({"--config", config.path()});
  ExpectFixturesArrive(gateway, sandbox.symphony(), sandbox.qlik());
  EXPECT_EQ(gateway.Stop(), 0) << gateway.process().log();
}

TEST(GatewayProgram, AnUpstreamThatIsNotConfiguredIsUnimplemented) {
  const SandboxProgram sandbox;
  const TemporaryFile config(ConfigFor(sandbox.symphony_endpoint(), ""));
  GatewayProgram gateway({"--config", config.path()});
  EXPECT_TRUE(gateway.Call(kSession, R"(application_name: "a")").ok);
  const RpcResult result = gateway.Call(kExecutionSession, "execution_session { }");
  EXPECT_EQ(result.code, "UNIMPLEMENTED");
  EXPECT_THAT(result.text, HasSubstr("reason: UPSTREAM_NOT_CONFIGURED"));
  EXPECT_EQ(gateway.Stop(), 0);
}

TEST(GatewayProgram, SaysItsVersionAndItsFlags) {
  ChildProcess version("session-gateway", {"--version"});
  EXPECT_EQ(version.WaitForEnd(), 0);
  EXPECT_THAT(version.output(), ContainsRegex("^session-gateway [0-9]+\\.[0-9]+\\.[0-9]+\n$"));
  ChildProcess help("session-gateway", {"--help"});
  EXPECT_EQ(help.WaitForEnd(), 0);
  for (const char* flag : {"--config", "--sandbox", "--check-config", "--listen", "--version"}) {
    EXPECT_THAT(help.output(), HasSubstr(flag));
  }
}

TEST(GatewayProgram, ChecksAConfigurationWithoutServingIt) {
  const TemporaryFile config(ConfigFor("http://symphony.example:8050/site", ""));
  ChildProcess gateway("session-gateway", {"--config", config.path(), "--check-config"});
  EXPECT_EQ(gateway.WaitForEnd(), 0) << gateway.log();
  EXPECT_THAT(gateway.output(), HasSubstr("http://symphony.example:8050/site"));
  EXPECT_THAT(gateway.output(), HasSubstr("call_timeout"));
  EXPECT_EQ(gateway.log(), "");
  // What it prints is a configuration again.
  const TemporaryFile effective(gateway.output());
  ChildProcess again("session-gateway", {"--config", effective.path(), "--check-config"});
  EXPECT_EQ(again.WaitForEnd(), 0) << again.log();
  EXPECT_EQ(again.output(), gateway.output());
}

TEST(GatewayProgram, RefusesABadConfigurationByFileAndLine) {
  const TemporaryFile config("call_timeout: soon\nlisten:\n  adress: 127.0.0.1:1\n");
  for (const bool check : {false, true}) {
    std::vector<std::string> arguments = {"--config", config.path()};
    if (check) arguments.emplace_back("--check-config");
    ChildProcess gateway("session-gateway", arguments);
    EXPECT_EQ(gateway.WaitForEnd(), 2);
    EXPECT_THAT(gateway.log(), HasSubstr(config.path() + ":1: call_timeout"));
    EXPECT_THAT(gateway.log(), HasSubstr(config.path() + ":3: "));
    EXPECT_THAT(gateway.log(), HasSubstr("did you mean listen.address?"));
    EXPECT_EQ(gateway.output(), "");
  }
}

TEST(GatewayProgram, RefusesBadUsage) {
  const std::vector<std::vector<std::string>> bad = {{},
                                                     {"--no-such-flag"},
                                                     {"--config", "/no/such/file.yaml"},
                                                     {"--sandbox", "--listen", "nowhere"},
                                                     {"--sandbox", "--config", "x"}};
  for (const auto& arguments : bad) {
    ChildProcess gateway("session-gateway", arguments);
    EXPECT_EQ(gateway.WaitForEnd(), 2) << testing::PrintToString(arguments);
    EXPECT_NE(gateway.log(), "") << testing::PrintToString(arguments);
  }
}

TEST(GatewayProgram, RefusesToListenOpenlyToTheNetwork) {
  ChildProcess gateway("session-gateway", {"--sandbox", "--listen", "0.0.0.0:0"});
  EXPECT_EQ(gateway.WaitForEnd(), 2);
  EXPECT_THAT(gateway.log(), HasSubstr("--listen"));
}

TEST(GatewayProgram, FailsWhenItsAddressIsInUse) {
  GatewayProgram first({"--sandbox"});
  ChildProcess second("session-gateway", {"--sandbox", "--listen", first.address()});
  EXPECT_EQ(second.WaitForEnd(), 1);
  EXPECT_THAT(second.log(), HasSubstr(first.address()));
  EXPECT_TRUE(first.Call(kSession, R"(application_name: "a")").ok) << "the first one was disturbed";
}

// An upstream that holds its answer until it is told to give it.
class HeldUpstream {
 public:
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  void WaitForRequest() {
    EXPECT_EQ(asked_.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
  }
  void Answer() { answer_.set_value(); }

 private:
  void Serve(RawConnection& connection) {
    if (connection.ReadRequest().empty()) return;
    asked_.set_value();
    released_.wait();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"sessionId\":7}");
    connection.WaitForEnd();
  }

  std::promise<void> asked_;
  std::promise<void> answer_;
  std::shared_future<void> released_ = answer_.get_future().share();
  RawServer server_{[this](RawConnection& connection) { Serve(connection); }};
};

// Each lane has descriptors of its own, and a hundred are too few for the most of them.
TEST(GatewayProgram, FailsWithoutDescriptorsForItsLanes) {
  const TemporaryFile config(SymphonyYaml("http://127.0.0.1:9") + "threads: 64\n");
  ChildProcess gateway("/bin/sh", {"-c", "ulimit -n 100 && exec \"$0\" --config \"$1\"",
                                   SESSION_GATEWAY_BINARIES "/session-gateway", config.path()});
  EXPECT_EQ(gateway.WaitForEnd(), 1);
  EXPECT_EQ(gateway.log(), "session-gateway: the system has no room for 64 lanes: Too many open files\n");
}

TEST(GatewayProgram, DrainsOnTheFirstSignal) {
  HeldUpstream upstream;
  const TemporaryFile config(ConfigFor(upstream.endpoint(), ""));
  GatewayProgram gateway({"--config", config.path()});
  auto running =
      std::async(std::launch::async, [&] { return gateway.Call(kSession, R"(application_name: "a")"); });
  upstream.WaitForRequest();
  gateway.process().Signal(SIGTERM);
  EXPECT_NE(gateway.process().WaitForLine(R"("msg":"draining")"), "");
  EXPECT_EQ(running.wait_for(std::chrono::seconds(0)), std::future_status::timeout) << "the call was cut";
  upstream.Answer();
  const RpcResult result = running.get();
  EXPECT_TRUE(result.ok) << result.text;
  EXPECT_THAT(result.text, HasSubstr(R"(session_id: "7")"));
  EXPECT_EQ(gateway.process().WaitForEnd(), 0) << gateway.process().log();
}

TEST(GatewayProgram, EndsAtOnceOnTheSecondSignal) {
  HeldUpstream upstream;
  const TemporaryFile config(ConfigFor(upstream.endpoint(), ""));
  GatewayProgram gateway({"--config", config.path()});
  auto running = std::async(std::launch::async, [&] {
    return CallByText(ConnectTo(gateway.address()), kSession, R"(application_name: "a")",
                      std::chrono::seconds(60));
  });
  upstream.WaitForRequest();
  gateway.process().Signal(SIGTERM);
  EXPECT_NE(gateway.process().WaitForLine(R"("msg":"draining")"), "");
  gateway.process().Signal(SIGTERM);
  EXPECT_EQ(gateway.process().WaitForEnd(), -SIGTERM);
  EXPECT_FALSE(running.get().ok);
  upstream.Answer();
}

TEST(GatewayProgram, LogsOneJsonLineForEachCallAndNoContents) {
  GatewayProgram gateway({"--sandbox"});
  EXPECT_TRUE(gateway
                  .Call(kSession, R"(application_name: "canary-app" cluster_id: "canary-cluster"
                                     csrf_token: "canary-token" session { session_name: "canary-body" })")
                  .ok);
  EXPECT_TRUE(gateway.Call(kExecutionSession, R"(execution_session { user: "canary-user" })").ok);
  EXPECT_FALSE(gateway.Call(kSession, R"(session { session_tag: "canary tag" })").ok);
  gateway.qlik().AddFault(R"({"kind":"status","status":400,"body":"canary-error-text"})");
  EXPECT_FALSE(gateway.Call(kExecutionSession, "execution_session { }").ok);
  std::vector<std::string> keys;
  for (const auto& request : gateway.qlik().Get("requests")) {
    const auto target = request.at("target").get<std::string>();
    keys.push_back(target.substr(target.find("xrfkey=") + 7, 16));
  }
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(gateway.Stop(), 0);

  const std::string log = gateway.process().log();
  EXPECT_THAT(log, Not(HasSubstr("canary")));
  for (const std::string& key : keys) EXPECT_THAT(log, Not(HasSubstr(key)));
  std::istringstream lines(log);
  std::vector<std::string> calls;
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json parsed = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(parsed.is_object()) << line;
    EXPECT_TRUE(parsed.contains("time") && parsed.contains("level") && parsed.contains("msg")) << line;
    if (parsed["msg"] == "call") {
      calls.push_back(parsed.at("method").get<std::string>() + ' ' + parsed.at("status").get<std::string>() +
                      ' ' + parsed.value("outcome", "-") + ' ' +
                      std::to_string(parsed.value("http_status", 0)));
    }
  }
  const std::string service = "sessiongateway.v1.SessionGateway/";
  EXPECT_THAT(
      calls, testing::ElementsAre(service + "CreateSession OK - 0", service + "CreateExecutionSession OK - 0",
                                  service + "CreateSession INVALID_ARGUMENT not_sent 0",
                                  service + "CreateExecutionSession INVALID_ARGUMENT refused 400"));
  EXPECT_EQ(gateway.process().output(), "") << "standard output is for what a flag asks for";
}

struct FaultCase {
  std::string name;
  std::string fault;  // as the sandbox takes it
  std::string code;
  std::vector<std::string> lines;  // of the error's text
  int created;                     // sessions at the upstream
  int deadline_ms = 60'000;
};

class GatewayFaults : public testing::TestWithParam<FaultCase> {};

// What each failure of an upstream looks like to a caller, and that the gateway goes on afterwards.
TEST_P(GatewayFaults, ReachTheCallerWithStatusAndOutcome) {
  const FaultCase& expected = GetParam();
  GatewayProgram gateway({"--sandbox"});
  const SandboxControl symphony = gateway.symphony();
  symphony.AddFault(expected.fault);
  const RpcResult result =
      gateway.Call(kSession, R"(application_name: "a")", std::chrono::milliseconds(expected.deadline_ms));
  EXPECT_EQ(result.code, expected.code);
  for (const std::string& line : expected.lines) EXPECT_THAT("\n" + result.text, HasSubstr("\n" + line));
  EXPECT_EQ(symphony.Count("requests"), 1) << "the create was sent again";
  EXPECT_EQ(symphony.Count("faulted"), 1);
  EXPECT_EQ(symphony.Count("creates"), expected.created);

  const RpcResult next = gateway.Call(kSession, R"(application_name: "a")");
  EXPECT_TRUE(next.ok) << next.text;
  EXPECT_EQ(gateway.Stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Sandbox, GatewayFaults,
    testing::Values(
        FaultCase{"Delay", R"({"kind":"delay","ms":20})", "OK", {"session_id: "}, 1},
        FaultCase{"DelayBeyondTheDeadline",
                  R"({"kind":"delay","ms":20000})",
                  "DEADLINE_EXCEEDED",
                  {"reason: DEADLINE", "outcome: unknown", "phase: wait"},
                  1,
                  1000},
        FaultCase{"Status503",
                  R"({"kind":"status","status":503,"headers":{"Retry-After":"7"}})",
                  "UNKNOWN",
                  {"reason: UPSTREAM_FAILED", "outcome: unknown", "phase: receive", "http_status: 503"},
                  0},
        FaultCase{"Status429",
                  R"({"kind":"status","status":429,"headers":{"Retry-After":"7"}})",
                  "RESOURCE_EXHAUSTED",
                  {"reason: UPSTREAM_REFUSED", "outcome: refused", "http_status: 429", "retry_delay: 7s"},
                  0},
        FaultCase{"Html",
                  R"({"kind":"html"})",
                  "INTERNAL",
                  {"reason: UPSTREAM_CONTRACT", "outcome: unknown", "http_status: 200"},
                  0},
        FaultCase{"CutBeforeTheAnswer",
                  R"({"kind":"cut","after_bytes":0})",
                  "UNKNOWN",
                  {"reason: OUTCOME_UNKNOWN", "outcome: unknown", "phase: wait"},
                  1},
        FaultCase{"CutWithinTheHeader",
                  R"({"kind":"cut","after_bytes":20})",
                  "UNKNOWN",
                  {"reason: OUTCOME_UNKNOWN", "outcome: unknown", "phase: receive"},
                  1},
        FaultCase{"Garbage",
                  R"({"kind":"garbage","body":"SSH-2.0-x\r\n"})",
                  "INTERNAL",
                  {"reason: UPSTREAM_CONTRACT", "outcome: unknown", "phase: receive"},
                  1},
        FaultCase{
            "RawCutBody",
            R"({"kind":"raw","create":true,"body":"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"sessionId\":5,"})",
            "INTERNAL",
            {"reason: ANSWER_UNREADABLE", "outcome: done", "http_status: 200", "session_id: 5"},
            1},
        FaultCase{
            "Reset", R"({"kind":"reset"})", "UNKNOWN", {"reason: OUTCOME_UNKNOWN", "outcome: unknown"}, 1}),
    [](const auto& fault) { return fault.param.name; });

}  // namespace
}  // namespace session_gateway
