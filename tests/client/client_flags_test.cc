// The command line, and the caller's own secrets: where they go, and where they are never seen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "tests/client/client_run.h"
#include "tests/client/recording_gateway.h"
#include "tests/exchange/case_file.h"
#include "tests/gateway/programs.h"

namespace session_gateway {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

const std::string kCanary = "c4n4ry-of-a-secret";

TEST(ClientFlags, SaysItsVersionItsFlagsAndItsExitCodes) {
  EXPECT_THAT(RunClient({"--version"}).output,
              ContainsRegex("^session-gateway-client [0-9]+\\.[0-9]+\\.[0-9]+\n$"));
  const ClientRun help = RunClient({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* text :
       {"--target", "--deadline", "--request-id", "--dry-run", "--tls", "--ca-file", "--cert-file",
        "--key-file", "--server-name", "--json", "--explain", "--save", "--body", "--set", "create-session",
        "create-execution-session", "Examples:", "\n  7  no gateway"}) {
    EXPECT_THAT(help.output, HasSubstr(text));
  }
  const ClientRun command = RunClient({"create-session", "--help"});
  EXPECT_EQ(command.exit_code, 0);
  EXPECT_THAT(command.output, HasSubstr("--csrf-token-file"));
}

TEST(ClientFlags, TheManualNamesEachFlagAndExitCodeOfTheHelp) {
  const std::string manual =
      ReadWholeFile(std::string(SESSION_GATEWAY_SOURCE_DIR) + "/docs/client-program.md");
  const std::string help = RunClient({"--help-all"}).output;
  int flags = 0;
  std::istringstream lines(help);
  for (std::string line, flag; std::getline(lines, line);) {
    if (!(std::istringstream(line) >> flag) || !flag.starts_with("--")) continue;
    if (flag.starts_with("--help") || flag == "--version") continue;
    ++flags;
    EXPECT_THAT(manual, HasSubstr("`" + flag)) << flag;
  }
  EXPECT_GT(flags, 25);
  for (int code = 0; code <= 7; ++code) {
    const std::string row = "\n| " + std::to_string(code) + " | ";
    EXPECT_THAT(manual, HasSubstr(row));
    EXPECT_THAT(help, HasSubstr("\n  " + std::to_string(code) + "  "));
  }
}

TEST(ClientFlags, WhatIsWrongIsSaid) {
  const std::string application = "--application=a";
  const std::pair<std::vector<std::string>, std::string> rows[] = {
      {{}, "A command is needed: create-session or"},
      {{"create"}, "create"},
      {{"create-session"}, "--application is required"},
      {{"create-session", application, "--no-such-flag"}, "--no-such-flag"},
      {{"create-session", application, "--deadline", "10"}, "--deadline must be"},
      {{"create-session", application, "--deadline", "0s"}, "--deadline must be"},
      {{"create-session", application, "--deadline", "6m"}, "--deadline must be"},
      {{"create-session", application, "--request-id", "x"}, "--request-id must be"},
      {{"create-session", application, "--request-id", "00000000-0000-0000-0000-000000000000"},
       "--request-id must be"},
      {{"create-session", application, "--priority", "high"}, "--priority must be a number"},
      {{"create-session", application, "--set", "/sessionName=text"}, "text is quoted"},
      {{"create-session", application, "--set", "sessionName=\"x\""}, "POINTER=JSON"},
      {{"create-session", application, "--set", "/a=1,\"b\":2"}, "POINTER=JSON"},
      {{"create-session", application, "--tag", "a", "--set", "/sessionTag=\"b\""},
       "--tag and --set /sessionTag set the same member"},
      {{"create-session", application, "--set", "/parent={}", "--set", "/parent/taskID=\"1\""},
       "set the same member"},
      {{"create-session", application, "--tag", "a", "--tag", "b"}, "--tag is given twice"},
      {{"create-session", application, "--set", "/commonData=[]", "--set", "/commonData/0/0=1"},
       "the same member"},
      {{"create-session", application, "--body", "/no/such/file.json"},
       "cannot read /no/such/file.json: No such file"},
      {{"create-session", application, "--basic-user", "a:b"}, "must not hold a colon"},
      {{"create-session", application, "--basic-user", "a"},
       "--password-file FILE, or SESSION_GATEWAY_PASSWORD"},
      {{"create-session", application, "--password-file", "x"}, "--password-file needs --basic-user"},
      {{"create-session", application, "--cookie-file", "/no/such/file"}, "cannot read /no/such/file"},
      {{"create-session", application, "--cert-file", "x"}, "--cert-file and --key-file need each other"},
      {{"create-session", application, "--ca-file", "/no/such/file"}, "cannot read /no/such/file"},
      {{"create-session", application, "--target", "https://127.0.0.1:1"}, "without https://"},
      {{"create-session", application, "--target", "127.0.0.1"}, "needs a port"},
      {{"create-session", application, "--json", "--explain"}, "exclude each other"},
      {{"create-session", "--application", "\xFF"}, "--application is not valid UTF-8"},
      {{"create-execution-session", "--application", "a"}, "--application"},
  };
  for (const auto& [arguments, text] : rows) {
    const ClientRun run = RunClient(arguments);
    EXPECT_EQ(run.exit_code, 2) << text;
    EXPECT_THAT(run.log + run.output, HasSubstr(text));
  }
}

TEST(ClientFlags, AFlagThatDoesNotFitTheFileIsNamed) {
  const TemporaryFile body(R"({"parent":null,"commonData":[],"sessionName":"x"})");
  for (const std::string set : {"/parent/taskID=\"1\"", "/commonData/0/0=\"x\"", "/sessionName/a=1"}) {
    const ClientRun run =
        RunClient({"create-session", "--application", "a", "--body", body.path(), "--set", set});
    EXPECT_EQ(run.exit_code, 2) << set;
    EXPECT_THAT(run.log, HasSubstr("--set " + set.substr(0, set.find('='))));
  }
}

TEST(ClientFlags, OwnCredentialsTravelAsTheContractSays) {
  RecordingGateway gateway(nullptr);
  const TemporaryFile token(kCanary + "-token\n");
  const TemporaryFile password(kCanary + ":\xC3\xA4\r\n");
  const TemporaryFile cookie("platform.rest.token=" + kCanary + "; b=c\n");
  for (const char* const form : {"--json", "--explain"}) {
    const ClientRun run =
        RunClient(At(gateway.address(), {"create-session", "--application", "a", "--csrf-token-file",
                                         token.path(), "--basic-user", "Admin", "--password-file",
                                         password.path(), "--cookie-file", cookie.path(), form}));
    EXPECT_EQ(run.exit_code, 0) << run.log;
    EXPECT_THAT(run.output + run.log, Not(HasSubstr(kCanary)));
    EXPECT_EQ(gateway.last_csrf_token(), kCanary + "-token");
    EXPECT_EQ(gateway.last_metadata("symphony-authorization"), "Basic QWRtaW46YzRuNHJ5LW9mLWEtc2VjcmV0OsOk");
    EXPECT_EQ(gateway.last_metadata("symphony-cookie"), "platform.rest.token=" + kCanary + "; b=c");
  }
}

TEST(ClientFlags, OwnCredentialsMayComeFromTheEnvironment) {
  RecordingGateway gateway(nullptr);
  ASSERT_EQ(::setenv("SESSION_GATEWAY_CSRF_TOKEN", "of the environment", 1), 0);
  ASSERT_EQ(::setenv("SESSION_GATEWAY_PASSWORD", "Admin", 1), 0);
  const std::vector<std::string> arguments = At(gateway.address(), {"create-session", "--application", "a"});
  EXPECT_EQ(RunClient(arguments).exit_code, 0);
  EXPECT_EQ(gateway.last_csrf_token(), "of the environment");
  EXPECT_EQ(gateway.last_metadata("symphony-authorization"), "(none)");
  std::vector<std::string> more = arguments;
  const TemporaryFile token("of the file");
  more.insert(more.end(), {"--basic-user", "Admin", "--csrf-token-file", token.path()});
  EXPECT_EQ(RunClient(more).exit_code, 0);
  EXPECT_EQ(gateway.last_csrf_token(), "of the file");
  EXPECT_EQ(gateway.last_metadata("symphony-authorization"), "Basic QWRtaW46QWRtaW4=");
  ::unsetenv("SESSION_GATEWAY_CSRF_TOKEN");
  ::unsetenv("SESSION_GATEWAY_PASSWORD");
}

TEST(ClientFlags, ABrokenSecretIsRefusedWithoutBeingShown) {
  const TemporaryFile lines(kCanary + "\n" + kCanary + "\n");
  for (const char* flag : {"--csrf-token-file", "--cookie-file", "--password-file"}) {
    const ClientRun run = RunClient({"create-session", "--application", "a", flag, lines.path(),
                                     "--basic-user", "u", "--password-file", "x"});
    EXPECT_EQ(run.exit_code, 2) << flag;
    const ClientRun alone = RunClient({"create-session", "--application", "a", flag, lines.path(), "--json"});
    EXPECT_EQ(alone.exit_code, 2) << flag;
    EXPECT_THAT(run.log + run.output + alone.log + alone.output, Not(HasSubstr(kCanary)));
  }
}

TEST(ClientFlags, WarnsOfSecretsOnAnOpenConnection) {
  const TemporaryFile cookie("a=b");
  const std::vector<std::string> arguments = {"create-session", "--application", "a",
                                              "--cookie-file",  cookie.path(),   "--target",
                                              "0.0.0.0:1",      "--deadline",    "200ms"};
  EXPECT_THAT(RunClient(arguments).log,
              HasSubstr("warning: your credentials travel unencrypted to 0.0.0.0:1"));
  RecordingGateway gateway(nullptr);
  const ClientRun local = RunClient(
      At(gateway.address(), {"create-session", "--application", "a", "--cookie-file", cookie.path()}));
  EXPECT_EQ(local.log, "");
}

}  // namespace
}  // namespace session_gateway
