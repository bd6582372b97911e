// Symphony's log-on: what is sent, who logs on in which mode, and that no secret shows.
#include <gmock/gmock.h>

#include <fstream>

#include "absl/strings/escaping.h"
#include "server/upstream/symphony_authentication.h"
#include "tests/server/logon_fixture.h"

namespace session_gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

constexpr char kLogin[] = "auth/login";
constexpr char kCreate[] = "clientapi/session";
constexpr char kBasic[] = "Basic QWRtaW46cGFzczp3b3JkIENBTkFSWQ==";
constexpr char kBasicOfOther[] = "Basic b3RoZXI6c2VjcmV0Mg==";

class SymphonyLogonTest : public LogonTest {
 protected:
  SymphonyLogonTest() { StartSandbox(SymphonySandbox()); }

  static Caller WithBasic(const std::string& value) {
    Caller caller;
    caller.symphony_authorization = Secret(value);
    return caller;
  }
  static Caller WithCookie(const std::string& value) {
    Caller caller;
    caller.symphony_cookie = Secret(value);
    return caller;
  }
  static SymphonyAuthConfig Mode(SymphonyAuthMode mode) {
    SymphonyAuthConfig config;
    config.mode = mode;
    return config;
  }
};

TEST_F(SymphonyLogonTest, TheFirstCallLogsOnAndTheNextUsesIt) {
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_EQ(Counters().logons, 1u);
  EXPECT_EQ(Counters().creates, 2u);
  EXPECT_EQ(Counters().refused, 0u);

  const SandboxRequest logon = Requests(kLogin).at(0);
  EXPECT_EQ(logon.method, "GET");
  EXPECT_EQ(logon.target, "/platform/rest/symrest/v1/auth/login");
  EXPECT_EQ(HeaderOf(logon, "authorization"), kBasic);
  EXPECT_EQ(HeaderOf(logon, "accept"), "application/json");
  EXPECT_EQ(logon.body, "");
  const SandboxRequest create = Requests(kCreate).at(0);
  EXPECT_THAT(create.target, HasSubstr("?applicationName=app&csrftoken="));
  EXPECT_THAT(HeaderOf(create, "cookie"),
              ::testing::MatchesRegex("platform.rest.token=\"[^;]+\"; platform.rest.certificate=[^;]+"));
  EXPECT_EQ(HeaderOf(create, "authorization"), "(none)");
}

TEST_F(SymphonyLogonTest, MethodPathsAndTheTokensNameAreSettings) {
  SandboxOptions options = SymphonySandbox();
  options.symphony_logon->method = "POST";
  options.symphony_logon->login_path = "auth/logon";
  options.symphony_logon->renew_path = "auth/again";
  options.symphony_logon->token_key = "token";
  StartSandbox(options);
  SymphonyAuthConfig config = ServiceAccount();
  config.login_method = LogonMethod::kPost;
  config.login_path = "auth/logon";
  config.renew_path = "auth/again";
  config.token_key = "token";
  MakeSymphony(config);
  EXPECT_EQ(Told(Create()), "OK done");
  clock_.ahead += std::chrono::hours(5);
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_TRUE(RunUntil([&] { return Counters().renewals == 1; }));
}

TEST_F(SymphonyLogonTest, ALogonWithoutATokenCarriesOnWithoutOne) {
  SandboxOptions options = SymphonySandbox();
  options.symphony_logon->token_key = std::nullopt;
  StartSandbox(options);
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_THAT(Requests(kCreate).at(0).target, Not(HasSubstr("csrftoken")));
}

TEST_F(SymphonyLogonTest, ThePasswordMayComeFromAFileWithoutItsLineEnd) {
  const std::string path = ::testing::TempDir() + "/logon_password";
  const auto write = [&path](const std::string& text) { std::ofstream(path) << text; };
  SymphonyAuthConfig config = ServiceAccount();
  config.password_env.clear();
  config.password_file = path;
  write("wrong\n");
  MakeSymphony(config);
  EXPECT_EQ(Told(Create()), "INTERNAL LOGON_REFUSED not_sent logon");
  // Refused contents leave the old ones, and the lockout, in force.
  write("\n");
  files_.CheckNow();
  EXPECT_EQ(Told(Create()), "INTERNAL LOGON_REFUSED not_sent logon");
  EXPECT_EQ(Counters().refused_logons, 1u);
  write(std::string(kPassword) + "\r\n");
  files_.CheckNow();
  EXPECT_EQ(Told(Create()), "OK done");
  std::remove(path.c_str());
}

TEST_F(SymphonyLogonTest, ARefusalOfTheOldPasswordSaysNothingOfTheNew) {
  const std::string path = ::testing::TempDir() + "/logon_password_changed";
  std::ofstream(path) << "wrong";
  SymphonyAuthConfig config = ServiceAccount();
  config.password_env.clear();
  config.password_file = path;
  MakeSymphony(config);
  ASSERT_TRUE(sandbox_->AddFault(
      SandboxUpstream::kSymphony,
      {.kind = SandboxFaultKind::kDelay, .wait = std::chrono::milliseconds(200), .path = kLogin}));
  const auto old = StartCall();
  EXPECT_TRUE(RunUntil([&] { return Requests(kLogin).size() == 1; }));
  std::ofstream(path) << kPassword;
  files_.CheckNow();
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_EQ(Told(Finish(*old)), "INTERNAL LOGON_REFUSED not_sent logon");
  EXPECT_EQ(Counters().refused_logons, 1u);
  std::remove(path.c_str());
}

TEST_F(SymphonyLogonTest, ASecretThatCannotBeUsedIsNamedWithoutItsText) {
  SymphonyAuthConfig config = ServiceAccount();
  const auto problem = [&] {
    const auto made = MakeSymphonyAuthentication(config, Parts());
    const auto* text = std::get_if<std::string>(&made);
    return text == nullptr ? std::string("(none)") : *text;
  };
  EXPECT_EQ(problem(), "(none)");
  environment_["PASSWORD"] = "CANARY\nsecond";
  EXPECT_THAT(problem(),
              ::testing::AllOf(HasSubstr("PASSWORD"), HasSubstr("second line"), Not(HasSubstr("CANARY"))));
  environment_.clear();
  EXPECT_THAT(problem(), HasSubstr("no variable PASSWORD"));
  config.user = "a:b";
  EXPECT_THAT(problem(), HasSubstr("symphony.auth.user"));
}

TEST_F(SymphonyLogonTest, CallersLogOnEachForThemselves) {
  MakeSymphony(Mode(SymphonyAuthMode::kCallerBasic));
  EXPECT_EQ(Told(Create(CreateSession(), WithBasic(kBasic))), "OK done");
  EXPECT_EQ(Told(Create(CreateSession(), WithBasic(kBasic))), "OK done");
  EXPECT_EQ(Counters().logons, 1u);
  // The scheme's case is free.
  EXPECT_EQ(Told(Create(CreateSession(), WithBasic("bASIC QWRtaW46cGFzczp3b3JkIENBTkFSWQ=="))), "OK done");
  EXPECT_EQ(Counters().logons, 1u);
  EXPECT_EQ(Told(Create(CreateSession(), WithBasic(kBasicOfOther))), "OK done");
  EXPECT_EQ(Counters().logons, 2u);
  const auto creates = Requests(kCreate);
  EXPECT_EQ(HeaderOf(creates[0], "cookie"), HeaderOf(creates[2], "cookie"));
  EXPECT_NE(HeaderOf(creates[0], "cookie"), HeaderOf(creates[3], "cookie"));
}

// Whoever knows a user's name but not the password neither uses the log-on that is held, nor ends it, nor
// gets the account locked.
TEST_F(SymphonyLogonTest, AnotherPasswordOfTheSameUserHasNothingOfItsLogon) {
  MakeSymphony(Mode(SymphonyAuthMode::kCallerBasic));
  EXPECT_EQ(Told(Create(CreateSession(), WithBasic(kBasic))), "OK done");
  Made calls;
  for (int i = 0; i < 50; ++i) {
    calls.push_back(StartCall(CreateSession(),
                              WithBasic("Basic " + absl::Base64Escape("Admin:wrong" + std::to_string(i)))));
    calls.push_back(StartCall(CreateSession(), WithBasic(kBasic)));
  }
  EXPECT_EQ(FinishMany(calls, 200), 50);
  EXPECT_EQ(Told(*std::move(calls[0]->result)), "INTERNAL LOGON_REFUSED not_sent logon");
  EXPECT_EQ(Counters().refused_logons, 1u);
  EXPECT_EQ(Counters().creates, 51u);
}

TEST_F(SymphonyLogonTest, WhatACallerBringsIsChecked) {
  const auto checked = [](const Authentication& authentication, const Caller& caller) {
    const auto error = authentication.Check(caller);
    if (!error) return std::string("OK");
    EXPECT_EQ(error->reason, Reason::kInvalidField);
    EXPECT_EQ(error->outcome, Outcome::kNotSent);
    EXPECT_EQ(error->phase, Phase::kValidate);
    EXPECT_THAT(error->message, Not(HasSubstr("CANARY")));
    EXPECT_EQ(error->violations.size(), 1u);
    const FieldViolation violation = error->violations.empty() ? FieldViolation() : error->violations[0];
    EXPECT_EQ(error->message, violation.field + ": " + violation.description);
    return absl::StatusCodeToString(error->code) + " " + violation.field;
  };
  MakeSymphony(Mode(SymphonyAuthMode::kCallerBasic));
  EXPECT_EQ(checked(stack_->authentication(), {}), R"(UNAUTHENTICATED metadata["symphony-authorization"])");
  EXPECT_EQ(checked(stack_->authentication(), WithBasic(kBasic)), "OK");
  for (const std::string wrong :
       {"Bearer CANARY", "Basic", "Basic ", "Basic CANARY", "Basic QWRtaW4=" /* no colon */,
        "Basic OnBhc3M=" /* no user */, "Basic QWRtaW46cGFzcw" /* no padding */,
        "Basic  QWRtaW46cGFzcw==", "Basic QWRtaW46cGFzcw== ", "Basic QWRtaW46cA1hc3M=" /* control */}) {
    EXPECT_EQ(checked(stack_->authentication(), WithBasic(wrong)),
              R"(INVALID_ARGUMENT metadata["symphony-authorization"])")
        << wrong;
  }
  stack_.reset();
  MakeSymphony(Mode(SymphonyAuthMode::kCallerSession));
  EXPECT_EQ(checked(stack_->authentication(), {}), R"(UNAUTHENTICATED metadata["symphony-cookie"])");
  EXPECT_EQ(checked(stack_->authentication(), WithCookie("a=CANARY")), "OK");
  EXPECT_EQ(checked(stack_->authentication(), WithCookie("a=CANARY\r\nx: y")),
            R"(INVALID_ARGUMENT metadata["symphony-cookie"])");
}

TEST_F(SymphonyLogonTest, ACallersOwnLogonIsHandedOnAndNeverRenewed) {
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  const SandboxRequest first = Requests(kCreate).at(0);
  const std::string token = first.target.substr(first.target.rfind('=') + 1);
  stack_.reset();
  MakeSymphony(Mode(SymphonyAuthMode::kCallerSession));
  EXPECT_TRUE(stack_->authentication().caller_brings_csrf_token());
  const Caller caller = WithCookie(HeaderOf(first, "cookie"));
  SendResult result = Create(CreateSession(token), caller);
  EXPECT_THAT(std::get<HttpReply>(result).secrets, IsSupersetOf({HeaderOf(first, "cookie"), token}));
  EXPECT_EQ(std::get<HttpReply>(result).secrets.size(), 4u);  // and each cookie by itself
  EXPECT_EQ(Told(std::move(result)), "OK done");
  clock_.ahead += std::chrono::hours(1);
  sandbox_->ExpireLogons(SandboxUpstream::kSymphony);
  EXPECT_EQ(Told(Create(CreateSession(token), caller)), "UNAUTHENTICATED UPSTREAM_REFUSED refused receive");
  EXPECT_EQ(Counters().logons, 1u);
  EXPECT_EQ(Requests(kCreate).size(), 3u);
}

TEST_F(SymphonyLogonTest, ARefusedCreateIsBlamedOnWhoseCredentialItWas) {
  SymphonyAuthConfig service = ServiceAccount();
  SymphonyAuthConfig caller = Mode(SymphonyAuthMode::kCallerBasic);
  const auto refuse_creates = [this] {
    ASSERT_TRUE(
        sandbox_->AddFault(SandboxUpstream::kSymphony, {.count = 1, .method = "POST", .status = 401}));
  };
  MakeSymphony(service);
  EXPECT_EQ(Told(Create()), "OK done");
  refuse_creates();
  EXPECT_EQ(Told(Create()), "INTERNAL LOGON_REFUSED refused receive");
  CloseStack();
  MakeSymphony(caller);
  refuse_creates();
  EXPECT_EQ(Told(Create(CreateSession(), WithBasic(kBasic))),
            "UNAUTHENTICATED UPSTREAM_REFUSED refused receive");
  // But a log-on that is refused is the gateway's matter, whoever's credential it is.
  EXPECT_EQ(Told(Create(CreateSession(), WithBasic("Basic b3RoZXI6d3Jvbmc="))),
            "INTERNAL LOGON_REFUSED not_sent logon");
}

TEST_F(SymphonyLogonTest, EverySecretIsKnownToTheScrubber) {
  MakeSymphony(ServiceAccount());
  const auto reply = std::get<HttpReply>(Create());
  const SandboxRequest create = Requests(kCreate).at(0);
  const std::string cookie = HeaderOf(create, "cookie");
  const std::size_t second = cookie.find("; ");
  const std::string token_cookie = cookie.substr(0, second).substr(sizeof("platform.rest.token=") - 1);
  const std::string certificate = cookie.substr(second + sizeof("; platform.rest.certificate=") - 1);
  EXPECT_THAT(reply.secrets, IsSupersetOf({cookie, token_cookie, certificate,
                                           create.target.substr(create.target.rfind('=') + 1),
                                           std::string(kPassword), std::string(kBasic).substr(6)}));
}

TEST_F(SymphonyLogonTest, TheLogonBeforeIsKnownToTheScrubberToo) {
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  const SandboxRequest first = Requests(kCreate).at(0);
  const std::string cookie = HeaderOf(first, "cookie");
  const std::string certificate =
      cookie.substr(cookie.find("platform.rest.certificate=") + sizeof("platform.rest.certificate=") - 1);
  const std::string token = first.target.substr(first.target.rfind('=') + 1);
  clock_.ahead += std::chrono::seconds(6);
  sandbox_->ExpireLogons(SandboxUpstream::kSymphony);
  // In the call that replaces it, and in those that come later.
  EXPECT_THAT(std::get<HttpReply>(Create()).secrets, IsSupersetOf({cookie, certificate, token}));
  ASSERT_NE(HeaderOf(Requests(kCreate).back(), "cookie"), cookie);
  EXPECT_THAT(std::get<HttpReply>(Create()).secrets, IsSupersetOf({certificate, token}));
}

TEST_F(SymphonyLogonTest, APreviewShowsStarsAndSendsNothing) {
  const auto shown = [this](const Caller& caller, HttpRequest request) {
    const auto preview = stack_->Preview(std::move(request), caller);
    std::string text = preview.url().substr(preview.url().find('?'));
    for (const std::string name : {"authorization", "cookie"}) {
      if (preview.headers().count(name) > 0) text += " " + name + "=" + preview.headers().at(name);
    }
    EXPECT_THAT(preview.DebugString(), Not(HasSubstr("CANARY")));
    return text;
  };
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(shown({}, CreateSession()), "?applicationName=app&csrftoken=*** cookie=***");
  stack_.reset();
  MakeSymphony(Mode(SymphonyAuthMode::kCallerBasic));
  EXPECT_EQ(shown(WithBasic(kBasic), CreateSession()), "?applicationName=app&csrftoken=*** cookie=***");
  stack_.reset();
  MakeSymphony(Mode(SymphonyAuthMode::kCallerSession));
  EXPECT_EQ(shown(WithCookie("a=CANARY"), CreateSession("CANARY")),
            "?applicationName=app&csrftoken=*** cookie=***");
  EXPECT_EQ(shown(WithCookie("a=CANARY"), CreateSession()), "?applicationName=app cookie=***");
  stack_.reset();
  MakeSymphony(Mode(SymphonyAuthMode::kNone));
  EXPECT_EQ(shown({}, CreateSession()), "?applicationName=app");
  EXPECT_EQ(Counters().requests, 0u);
}

}  // namespace
}  // namespace session_gateway
