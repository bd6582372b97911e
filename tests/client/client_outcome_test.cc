// How a call ended: what is printed, as text and as JSON, and the exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/client/client_run.h"
#include "tests/client/recording_gateway.h"
#include "tests/exchange/case_file.h"
#include "tests/gateway/programs.h"
#include "tests/pki/temporary_directory.h"

namespace session_gateway {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

const std::vector<std::string> kSession = {"create-session", "--application", "app"};
const std::vector<std::string> kExecution = {"create-execution-session"};

std::vector<std::string> Join(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(ClientOutcome, ACreatedSessionIsToldToPeopleAndPrograms) {
  const GatewayProgram gateway({"--sandbox"});
  const ClientRun text = RunClient(At(gateway.address(), Join(kSession, {"--cluster", "c1"})));
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_EQ(text.log, "");
  EXPECT_THAT(text.output, MatchesRegex("Session [0-9]+ created at http://127.0.0.1:[0-9]+\n"
                                        "\\{\n  \"sessionId\": \"[0-9]+\",\n  \"applicationName\": \"app\",\n"
                                        "  \"clusterId\": \"c1\"\n\\}\n"));
  const json answer = RunClient(At(gateway.address(), Join(kSession, {"--json"}))).Json();
  EXPECT_EQ(answer["result"], "created");
  EXPECT_EQ(answer["exit_code"], 0);
  EXPECT_EQ(answer["rpc"], "CreateSession");
  EXPECT_EQ(answer["response"]["application_name"], "app");
  EXPECT_EQ(gateway.symphony().Count("creates"), 2);
}

TEST(ClientOutcome, ACreatedRowIsToldToPeopleAndPrograms) {
  const GatewayProgram gateway({"--sandbox"});
  const ClientRun text = RunClient(
      At(gateway.address(),
         Join(kExecution, {"--privileges", "--set", "/executionResult/duration=9007199254740993"})));
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.output,
              AllOf(StartsWith("Execution session "), HasSubstr("\"duration\": 9007199254740993"),
                    HasSubstr("\"privileges\": [\n    \"")));
  const json answer = RunClient(At(gateway.address(), Join(kExecution, {"--json"}))).Json();
  EXPECT_EQ(answer["rpc"], "CreateExecutionSession");
  EXPECT_EQ(answer["response"]["execution_session"]["schema_path"], "ExecutionSession");
}

TEST(ClientOutcome, ADryRunShowsTheRequestAndSendsNothing) {
  const GatewayProgram gateway({"--sandbox"});
  const ClientRun run = RunClient(At(gateway.address(), Join(kSession, {"--dry-run", "--priority", "7"})));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.log, "");
  EXPECT_THAT(run.output, AllOf(StartsWith("Nothing was sent."), HasSubstr("\nPOST http://127.0.0.1:"),
                                HasSubstr("clientapi/session?applicationName=app\n"),
                                HasSubstr("\ncontent-type: application/json\n"),
                                HasSubstr("\n{\"sessionPriority\":7}\n")));
  EXPECT_EQ(gateway.symphony().Count("requests"), 0);
}

struct Fault {
  std::string fault;
  int exit_code;
  std::string outcome;
  std::string code;
  std::string headline;
  std::string advice;
};

TEST(ClientOutcome, EachHasItsExitCodeAndItsWords) {
  const GatewayProgram gateway({"--sandbox"});
  const Fault rows[] = {
      {R"({"kind":"status","status":400,"body":"no such application"})", 4, "refused", "INVALID_ARGUMENT",
       "Not created: Symphony refused it.", "no such application"},
      {R"({"kind":"status","status":429,"headers":{"Retry-After":"7"}})", 4, "refused", "RESOURCE_EXHAUSTED",
       "Not created: Symphony refused it.", "Try again after 7 s."},
      {R"({"kind":"status","status":503})", 6, "unknown", "UNKNOWN",
       "Unknown whether the session was created.", "Look at Symphony before you repeat it."},
      {R"({"kind":"reset"})", 6, "unknown", "UNKNOWN", "Unknown whether the session was created.",
       "reason OUTCOME_UNKNOWN"},
      {R"({"kind":"raw","create":true,"body":"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"sessionId\":42,"})",
       5, "done", "INTERNAL", "Created, but the answer of Symphony could not be read.",
       "Do not repeat it: it exists."},
      {R"({"kind":"raw","create":true,"body":"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"sessionId\":42,"})",
       5, "done", "INTERNAL", "Created, but", "Its id, as far as it could be read: 42"},
  };
  for (const Fault& row : rows) {
    gateway.symphony().AddFault(row.fault);
    const ClientRun text = RunClient(At(gateway.address(), kSession));
    EXPECT_EQ(text.exit_code, row.exit_code) << row.fault;
    EXPECT_EQ(text.output, "") << row.fault;
    EXPECT_THAT(text.log, AllOf(StartsWith(row.headline), HasSubstr(row.advice), HasSubstr(row.code),
                                HasSubstr("outcome " + row.outcome)));
    gateway.symphony().AddFault(row.fault);
    const ClientRun run = RunClient(At(gateway.address(), Join(kSession, {"--json"})));
    EXPECT_EQ(run.exit_code, row.exit_code) << row.fault;
    EXPECT_EQ(run.log, "");
    const json answer = run.Json();
    EXPECT_EQ(answer["result"], "failed");
    EXPECT_EQ(answer["exit_code"], row.exit_code);
    EXPECT_EQ(answer["source"], "gateway");
    EXPECT_EQ(answer["outcome"], row.outcome);
    EXPECT_EQ(answer["code"], row.code);
    EXPECT_EQ(answer["upstream"], "symphony");
    EXPECT_FALSE(answer["message"].get<std::string>().empty());
  }
}

TEST(ClientOutcome, JsonHasEveryDetailOfAnError) {
  const GatewayProgram gateway({"--sandbox"});
  gateway.symphony().AddFault(R"({"kind":"status","status":429,"headers":{"Retry-After":"7"}})");
  const json limited = RunClient(At(gateway.address(), Join(kSession, {"--json"}))).Json();
  EXPECT_EQ(limited["retry_after_seconds"], 7);
  EXPECT_EQ(limited["http_status"], 429);
  EXPECT_EQ(limited["reason"], "UPSTREAM_REFUSED");
  EXPECT_EQ(limited["phase"], "receive");
  gateway.symphony().AddFault(
      R"({"kind":"raw","create":true,"body":"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"sessionId\":42,"})");
  EXPECT_EQ(RunClient(At(gateway.address(), Join(kSession, {"--json"}))).Json()["created_id"], "42");
}

TEST(ClientOutcome, ViolationsOfTheGatewayNameTheMemberOfTheBody) {
  const GatewayProgram gateway({"--sandbox"});
  const TemporaryFile body(R"({"sessionPriority":0,"dockerMountDefinition":[{"hostDir":"/a"},{"hostDir":"b"}],
                               "serviceToSlotRatio":{"numServices":2,"numSlots":2}})");
  const std::vector<std::string> arguments =
      At(gateway.address(), Join(kSession, {"--cluster", "a\nb", "--body", body.path()}));
  const ClientRun text = RunClient(arguments);
  EXPECT_EQ(text.exit_code, 3);
  EXPECT_THAT(text.log,
              AllOf(StartsWith("Not created: the gateway sent nothing to Symphony."),
                    HasSubstr("\n  /sessionPriority must be from 1 to 10000\n"),
                    HasSubstr("\n  /dockerMountDefinition/1/hostDir must be an absolute path\n"),
                    HasSubstr("\n  /serviceToSlotRatio one of "), HasSubstr("\n  --cluster must not")));
  const ClientRun run = RunClient(Join(arguments, {"--json"}));
  EXPECT_EQ(run.exit_code, 3);
  const json answer = run.Json();
  std::vector<std::string> places;
  for (const json& violation : answer["violations"]) {
    places.push_back(violation["field"].get<std::string>() + " " + violation["place"].get<std::string>());
  }
  EXPECT_THAT(places, testing::UnorderedElementsAre(
                          "cluster_id --cluster", "session.session_priority /sessionPriority",
                          "session.service_to_slot_ratio /serviceToSlotRatio",
                          "session.docker_mount_definition[1].host_dir /dockerMountDefinition/1/hostDir"));
}

TEST(ClientOutcome, WhereNoGatewayIsThereNothingWasSent) {
  // A port at which nobody listens any more.
  std::string address;
  {
    RecordingGateway gone(nullptr);
    address = gone.address();
  }
  const ClientRun text = RunClient(At(address, kSession));
  EXPECT_EQ(text.exit_code, 7);
  EXPECT_THAT(text.log, AllOf(StartsWith("Not sent: no gateway was reached at " + address),
                              HasSubstr("UNAVAILABLE"), HasSubstr("Nobody listens there")));
  const json answer = RunClient(At(address, Join(kSession, {"--json"}))).Json();
  EXPECT_EQ(answer["source"], "transport");
  EXPECT_EQ(answer["outcome"], "not_sent");
  EXPECT_EQ(answer["exit_code"], 7);
}

TEST(ClientOutcome, AStatusWithoutDetailsIsUnknownUnlessNobodyWasLetIn) {
  RecordingGateway gateway(nullptr);
  const std::pair<grpc::StatusCode, int> rows[] = {
      {grpc::StatusCode::UNIMPLEMENTED, 7},     {grpc::StatusCode::UNAUTHENTICATED, 7},
      {grpc::StatusCode::PERMISSION_DENIED, 7}, {grpc::StatusCode::UNAVAILABLE, 6},
      {grpc::StatusCode::INTERNAL, 6},          {grpc::StatusCode::CANCELLED, 6},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, 6}};
  for (const auto& [code, exit_code] : rows) {
    gateway.AnswerWith(grpc::Status(code, "from \x1b[31m elsewhere"));
    const ClientRun run = RunClient(At(gateway.address(), kSession));
    EXPECT_EQ(run.exit_code, exit_code) << code;
    EXPECT_THAT(run.log, Not(HasSubstr("\x1b")));
  }
  EXPECT_EQ(gateway.calls(), 7);
}

TEST(ClientOutcome, AMessageThatTheGatewayDoesNotTakeWasNotSent) {
  const GatewayProgram gateway({"--sandbox"});
  const TemporaryFile body(R"({"sessionName":")" + std::string(5 << 20, 'x') + R"("})");
  const ClientRun run = RunClient(At(gateway.address(), Join(kSession, {"--body", body.path()})));
  EXPECT_EQ(run.exit_code, 3) << run.log;
  EXPECT_THAT(run.log, HasSubstr("RESOURCE_EXHAUSTED, outcome not_sent"));
  EXPECT_EQ(gateway.symphony().Count("requests"), 0);
}

TEST(ClientOutcome, ControlCharactersOfOthersDoNotReachTheTerminal) {
  RecordingGateway gateway(nullptr);
  const TemporaryFile body(
      "{\"user\":\"a\xC2\x9B"
      "31m\x7F\xC3\xA9\"}");
  const ClientRun run = RunClient(At(gateway.address(), Join(kExecution, {"--body", body.path()})));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.output, HasSubstr("\"user\": \"a??31m?\xC3\xA9\""));
}

TEST(ClientOutcome, TheDeadlineIsTheCallsAndAnUnansweredOneIsUnknown) {
  RecordingGateway gateway(nullptr);
  gateway.HoldCalls();
  const ClientRun run = RunClient(At(gateway.address(), Join(kSession, {"--deadline", "300ms"})));
  EXPECT_EQ(run.exit_code, 6);
  EXPECT_THAT(run.log, HasSubstr("DEADLINE_EXCEEDED"));
  gateway.LetCallsGo();
  EXPECT_EQ(RunClient(At(gateway.address(), Join(kSession, {"--deadline", "2m"}))).exit_code, 0);
  EXPECT_LE(gateway.last_time_left(), std::chrono::minutes(2));
  EXPECT_GT(gateway.last_time_left(), std::chrono::minutes(1));
}

TEST(ClientOutcome, TheRequestIdIsHandedOnAndShown) {
  RecordingGateway gateway(nullptr);
  const std::string id = "046B6C7F-0b8a-43b9-b35d-6489e6daee91";
  const json given = RunClient(At(gateway.address(), Join(kSession, {"--request-id", id, "--json"}))).Json();
  EXPECT_EQ(given["request_id"], id);
  EXPECT_EQ(gateway.last_request_id(), id);
  const ClientRun made =
      RunClient(At(gateway.address(), Join(kExecution, {"--request-id", "new", "--json"})));
  EXPECT_THAT(gateway.last_request_id(),
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(made.Json()["request_id"], gateway.last_request_id());
  EXPECT_EQ(made.log, "request id: " + gateway.last_request_id() + "\n");
  const std::string first = gateway.last_request_id();
  gateway.AnswerWith(grpc::Status(grpc::StatusCode::UNKNOWN, "?"));
  const ClientRun unknown = RunClient(At(gateway.address(), Join(kSession, {"--request-id", "new"})));
  EXPECT_NE(gateway.last_request_id(), first);
  EXPECT_THAT(unknown.log, HasSubstr("or repeat it with --request-id " + gateway.last_request_id()));
}

TEST(ClientOutcome, BothBodiesAreSavedAndAFailureToWriteIsSaid) {
  const GatewayProgram gateway({"--sandbox"});
  const pki::TemporaryDirectory directory;
  const std::string prefix = (directory.path() / "x").string();
  const ClientRun run = RunClient(At(gateway.address(), Join(kSession, {"--tag", "t", "--save", prefix})));
  EXPECT_EQ(run.exit_code, 0) << run.log;
  EXPECT_EQ(ReadWholeFile(prefix + ".request.json"), R"({"sessionTag":"t"})");
  EXPECT_EQ(json::parse(ReadWholeFile(prefix + ".answer.json"))["applicationName"], "app");
  // Only found out when it was created.
  for (const char* const name : {"y.request.json", "y.answer.json"}) {
    std::filesystem::create_symlink("/dev/full", directory.path() / name);
  }
  const ClientRun full =
      RunClient(At(gateway.address(), Join(kSession, {"--save", (directory.path() / "y").string()})));
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.log, HasSubstr("created at http://127.0.0.1:"));
  // Found out before the call.
  const ClientRun nowhere = RunClient(At(gateway.address(), Join(kSession, {"--save", prefix + "/no/x"})));
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_EQ(gateway.symphony().Count("creates"), 2);
}

}  // namespace
}  // namespace session_gateway
