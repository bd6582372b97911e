// The body that a user has: either the gateway would send the same, or the client names what it cannot send.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/client/client_run.h"
#include "tests/exchange/case_file.h"
#include "tests/gateway/programs.h"

namespace session_gateway {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string kSession = "create-session";
const std::string kExecution = "create-execution-session";
const std::string kData = std::string(SESSION_GATEWAY_SOURCE_DIR) + "/tests/data/";

std::vector<std::string> DryRun(const GatewayProgram& gateway, const std::string& command,
                                const std::string& file, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = At(gateway.address(), {command, "--dry-run", "--json"});
  if (command == kSession) arguments.insert(arguments.end(), {"--application", "app"});
  if (!file.empty()) arguments.insert(arguments.end(), {"--body", file});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// What the gateway would send of the file.
json Sent(const GatewayProgram& gateway, const std::string& command, const std::string& file,
          const std::vector<std::string>& more) {
  const ClientRun run = RunClient(DryRun(gateway, command, file, more));
  EXPECT_EQ(run.exit_code, 0) << run.output << run.log;
  const json answer = run.Json();
  EXPECT_EQ(answer.value("result", ""), "dry_run");
  return json::parse(answer["rest_request"].value("body", ""), nullptr, false);
}

TEST(ClientBody, TheDocumentedBodiesAreSentWithTheirMeaning) {
  const GatewayProgram gateway({"--sandbox"});
  for (const auto& [command, name] : {std::pair(kSession, "symphony"), std::pair(kExecution, "qlik")}) {
    const std::string file = kData + name + ".json";
    EXPECT_EQ(Sent(gateway, command, file, {}), json::parse(ReadWholeFile(file))) << name;
  }
  EXPECT_EQ(gateway.symphony().Count("creates") + gateway.qlik().Count("creates"), 0);
}

TEST(ClientBody, OddButEqualOnesAreSentWithTheirMeaning) {
  const GatewayProgram gateway({"--sandbox"});
  const std::pair<std::string, std::string> bodies[] = {
      {kSession, "{}"},
      {kSession, "\xEF\xBB\xBF{\"sessionName\":\"mark\"}"},
      {kSession, "\r\n\t { \"sessionName\" : \"caf\\u00e9 \\ud83d\\ude00 \\u0000\" }\r\n"},
      {kSession, R"({"sessionPriority":1e1,"sessionTimeout":8.0,"taskTimeout":-0,"minServices":12E+2})"},
      {kSession, R"({"sessionTimeout":1200e-2,"maxServices":2147483647.000,"taskTimeout":-2147483648})"},
      {kSession, R"({"resourceLimit":{"cpuLimit":9223372036854775807,"JvmMinHeap":-9223372036854775808}})"},
      {kSession, R"({"defaultResourceAttributeValue":20})"},
      {kSession, R"({"defaultResourceAttributeValue":0.1e-5})"},
      // null and empty ones of known members, at each depth.
      {kSession, R"({"sessionName":null,"parent":null,"commonData":null,"attributes":null})"},
      {kSession, R"({"parent":{"sessionID":null},"commonData":[],"datasetDependencies":[]})"},
      {kSession, R"({"parent":{},"resourcePreference":{"resourceAttributeDefinition":[]}})"},
      {kSession, R"({"dockerMountDefinition":[{"hostDir":null,"readonly":true},{}]})"},
      // What the contract does not know, at each depth, with its numbers as they stand.
      {kSession,
       R"({"new":1.50,"a/b~c":{"d":[1,{"e":null}]},"":"empty name","parent":{"x":18446744073709551616}})"},
      {kSession, R"({"dockerMountDefinition":[{"hostDir":"/a","z":[]},{"z":{}}]})"},
      // Typed pairs: of every type, and of a form that is not the canonical one.
      {kSession, R"({"commonData":[["SOAM_UINT32","007"],["SOAM_NEW","x"],["SOAM_BYTES","no base64!"]]})"},
      {kSession, R"({"attributes":{"":"a","b":"","taskRetryLimit":"2"}})"},
      {kExecution, "{}"},
      {kExecution, R"({"abortAt":"1753-01-01T00:00:00.000Z","executionResult":{"details":[]},"app":null})"},
      {kExecution, R"({"executionResult":{"details":[{"detailCreatedDate":"1753-01-01T00:00:00.000Z"}]}})"},
      {kExecution, R"({"executionResult":{"status":99,"duration":9007199254740993},"abortReason":7e0})"},
      {kExecution, R"({"id":"","app":{"id":"00000000-0000-0000-0000-000000000000","tags":[{"name":"x"}]}})"},
  };
  for (const auto& [command, body] : bodies) {
    const TemporaryFile file(body);
    EXPECT_EQ(Sent(gateway, command, file.path(), {}), json::parse(body)) << body;
  }
}

TEST(ClientBody, DatesKeepTheirInstant) {
  const GatewayProgram gateway({"--sandbox"});
  const TemporaryFile file(
      R"({"createdDate":"2000-01-23T04:56:07+00:00","modifiedDate":"2000-01-23T04:56:07.12","abortAt":"2000-01-23T04:56:07+02:30"})");
  EXPECT_EQ(
      Sent(gateway, kExecution, file.path(), {}),
      json::parse(R"({"createdDate":"2000-01-23T04:56:07.000Z","modifiedDate":"2000-01-23T04:56:07.120Z",
                            "abortAt":"2000-01-23T02:26:07.000Z"})"));
}

struct Unsendable {
  std::string command;
  std::string body;
  std::string place;
  std::string rule;  // part of it
};

TEST(ClientBody, WhatCannotBeSentIsNamed) {
  const GatewayProgram gateway({"--sandbox"});
  const Unsendable rows[] = {
      {kSession, R"({"sessionName":"a","sessionName":"b"})", "/sessionName", "stands twice"},
      {kSession, R"({"new":{"deep":[{"a":1,"a":2}]}})", "/new/deep/0/a", "stands twice"},
      {kSession, R"({"attributes":{"a":"1","a":"2"}})", "/attributes/a", "stands twice"},
      {kSession, R"({"sessionname":"a"})", "/sessionname", "write sessionName"},
      {kSession, R"({"parent":{"sessionId":"1"}})", "/parent/sessionId", "write sessionID"},
      {kSession, R"({"sessionPriority":"10"})", "/sessionPriority", "remove the quotes"},
      {kSession, R"({"sessionPriority":1.5})", "/sessionPriority", "must be a whole number from -2147483648"},
      {kSession, R"({"sessionPriority":2147483648})", "/sessionPriority", "must be a whole number"},
      {kSession, R"({"sessionPriority":1e99999999999})", "/sessionPriority", "must be a whole number"},
      {kSession, R"({"serviceToSlotRatio":{"numSlots":-1}})", "/serviceToSlotRatio/numSlots",
       "from 0 to 4294967295"},
      {kSession, R"({"preemptive":"false"})", "/preemptive", "must be true or false"},
      {kSession, R"({"sessionName":7})", "/sessionName", "put it in quotes"},
      {kSession, R"({"sessionName":"\ud800"})", "/sessionName", "surrogate"},
      {kSession, R"({"new":["\udc00"]})", "/new/0", "surrogate"},
      {kSession, R"({"defaultResourceAttributeValue":1e400})", "/defaultResourceAttributeValue",
       "range of a double"},
      {kSession, R"({"parent":[]})", "/parent", "is a list; it must be an object"},
      {kSession, R"({"commonData":{}})", "/commonData", "is an object; it must be a list"},
      {kSession, R"({"commonData":[["SOAM_UINT32",4]]})", "/commonData/0", "both strings"},
      {kSession, R"({"commonData":[["SOAM_UINT32","4"],["uint","4"]]})", "/commonData/1/0", "SOAM_"},
      {kSession, R"({"datasetDependencies":["a",null]})", "/datasetDependencies/1",
       "is null; it must be a string"},
      {kSession, R"({"attributes":{}})", "/attributes", "leave it out"},
      {kSession, R"({"attributes":{"taskRetryLimit":2}})", "/attributes/taskRetryLimit", "put it in quotes"},
      {kExecution, R"({"executionResult":{"status":"FinishedSuccess"}})", "/executionResult/status",
       "its number is 7"},
      {kExecution, R"({"reloadTask":{"taskType":"TASK_TYPE_USER_SYNC"}})", "/reloadTask/taskType",
       "its number is 2"},
      {kExecution, R"({"abortReason":"no such name"})", "/abortReason", "must be a whole number"},
      {kExecution, R"({"id":"{046b6c7f-0b8a-43b9-b35d-6489e6daee91}"})", "/id", "GUID"},
      {kExecution, R"({"executionResult":{"details":[{},{"id":"x"}]}})", "/executionResult/details/1/id",
       "GUID"},
      {kExecution, R"({"abortAt":"2000-01-23 04:56:07"})", "/abortAt", "is no date"},
      {kExecution, R"({"abortAt":"2000-01-23T04:56:07.1234567Z"})", "/abortAt", "finer than a millisecond"},
  };
  for (const Unsendable& row : rows) {
    const TemporaryFile file(row.body);
    const ClientRun run = RunClient(DryRun(gateway, row.command, file.path(), {}));
    EXPECT_EQ(run.exit_code, 2) << row.body;
    const json answer = run.Json();
    EXPECT_EQ(answer.value("outcome", ""), "not_sent") << row.body;
    ASSERT_EQ(answer.value("violations", json::array()).size(), 1u) << row.body << run.output;
    EXPECT_EQ(answer["violations"][0]["place"], row.place) << row.body;
    EXPECT_THAT(answer["violations"][0]["rule"].get<std::string>(), HasSubstr(row.rule)) << row.body;
  }
}

TEST(ClientBody, WhatIsNoJsonIsLocated) {
  const std::pair<std::string, std::string> rows[] = {
      // The comma of the published sample.
      {"{\n  \"serviceToSlotRatio\": {\n    \"numServices\": 1,\n    \"numSlots\": 2,\n  }\n}",
       "line 5, column 3: a comma stands before the closing bracket"},
      {"{\"a\":1 // why\n}", "line 1, column 8: JSON has no comments"},
      {"# a\n{}", "line 1, column 1: JSON has no comments"},
      {"{\"a\":1 \"b\":2}", "line 1, column 8: a comma or a colon is missing"},
      {"{'a':1}", "line 1, column 2: JSON has double quotes only"},
      {"{\"a\":True}", "line 1, column 6: a value must be null, true, false"},
      {"{\"a\":[1}", "line 1, column 8: this bracket closes what the other kind opened"},
      {"{\"a\":1}\n{\"b\":2}", "line 2, column 1: something stands behind the end"},
      {"{\"a\":", "the text ends too early"},
      {"{\"a\":\"x\ny\"}", "line 1, column 8: a line ends inside a string"},
      {"", "is empty"},
      {"[{}]", "is not a JSON object"},
      {std::string("\xFF\xFE{\0}\0", 6), "is UTF-16"},
      {"{\"a\":\"\xFF\"}", "is not valid UTF-8"},
      {std::string("{}\0", 3), "is not JSON"},
  };
  for (const auto& [body, text] : rows) {
    const TemporaryFile file(body);
    const ClientRun run = RunClient({kExecution, "--body", file.path()});
    EXPECT_EQ(run.exit_code, 2) << body;
    EXPECT_THAT(run.log, HasSubstr(file.path() + " is "));
    EXPECT_THAT(run.log, HasSubstr(text)) << body;
    EXPECT_EQ(run.output, "");
  }
}

TEST(ClientBody, TheDepthIsBounded) {
  const GatewayProgram gateway({"--sandbox"});
  const auto nested = [](int lists) {
    return R"({"x":)" + std::string(lists, '[') + std::string(lists, ']') + "}";
  };
  const TemporaryFile deepest(nested(63));
  EXPECT_EQ(Sent(gateway, kSession, deepest.path(), {}), json::parse(nested(63)));
  for (const int lists : {64, 100'000}) {
    const TemporaryFile too_deep(nested(lists));
    const ClientRun run = RunClient(DryRun(gateway, kSession, too_deep.path(), {}));
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.output, HasSubstr("deeper than 64"));
  }
  // Also where flags make it so.
  const ClientRun run =
      RunClient(DryRun(gateway, kSession, deepest.path(), {"--set", R"(/y={"z":)" + nested(61) + "}"}));
  EXPECT_EQ(run.exit_code, 0) << run.output;
  const ClientRun deeper = RunClient(DryRun(gateway, kSession, "", {"--set", "/a/b=" + nested(62)}));
  EXPECT_EQ(deeper.exit_code, 2) << deeper.output;
  EXPECT_THAT(deeper.output, HasSubstr("deeper than 64"));
}

TEST(ClientBody, FlagsWinOverTheFile) {
  const GatewayProgram gateway({"--sandbox"});
  const TemporaryFile file(R"({"sessionName":"file","parent":{"sessionID":"1"},"new":7,
                               "dockerMountDefinition":[{"hostDir":"/a"}]})");
  EXPECT_EQ(
      Sent(gateway, kSession, file.path(), {"--session-name", "flag \"quoted\"",
                                            "--tag",          "nightly",
                                            "--priority",     "5000",
                                            "--service",      "s",
                                            "--session-type", "",
                                            "--ttl-minutes",  "60",
                                            "--set",          R"(/parent/taskID="7")",
                                            "--set",          "/attributes/a=b=\"x=1\"",
                                            "--set",          "/dockerMountDefinition/0/readonly=true",
                                            "--set",          R"(/dockerMountDefinition/-={"hostDir":"/b"})",
                                            "--set",          "/new=null"}),
      json::parse(R"({"sessionName":"flag \"quoted\"","sessionTag":"nightly","sessionPriority":5000,
                            "serviceName":"s","sessionType":"","sessionTTLInMinutes":60,
                            "parent":{"sessionID":"1","taskID":"7"},"attributes":{"a=b":"x=1"},"new":null,
                            "dockerMountDefinition":[{"hostDir":"/a","readonly":true},{"hostDir":"/b"}]})"));
  // A list that is not there yet is made by what is appended to it.
  EXPECT_EQ(Sent(gateway, kSession, "",
                 {"--set", R"(/dockerMountDefinition/-={"hostDir":"/a"})", "--set", "/new/deep/-=[1]"}),
            json::parse(R"({"dockerMountDefinition":[{"hostDir":"/a"}],"new":{"deep":[[1]]}})"));
  const std::string guid = "046b6c7f-0b8a-43b9-b35d-6489e6daee91";
  EXPECT_EQ(Sent(gateway, kExecution, "",
                 {"--id", guid, "--app-id", guid, "--reload-task-id", guid, "--user", "u", "--status", "2"}),
            json::parse(R"({"id":"G","app":{"id":"G"},"reloadTask":{"id":"G"},"user":"u",
                            "executionResult":{"status":2}})",
                        [&guid](int, json::parse_event_t, json& value) {
                          if (value == "G") value = guid;
                          return true;
                        }));
}

TEST(ClientBody, ReadsStandardInput) {
  const GatewayProgram gateway({"--sandbox"});
  const TemporaryFile file(R"({"sessionName":"piped"})");
  // The program inherits it.
  ASSERT_NE(std::freopen(file.path().c_str(), "r", stdin), nullptr);
  EXPECT_EQ(Sent(gateway, kSession, "-", {}), json::parse(R"({"sessionName":"piped"})"));
}

}  // namespace
}  // namespace session_gateway
