// The life of a log-on: one for all who wait, renewed ahead of its end, replaced when refused, never repeated
// against an upstream that says no.
#include <gmock/gmock.h>

#include "absl/strings/escaping.h"
#include "tests/server/logon_fixture.h"

namespace session_gateway {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr char kLogin[] = "auth/login";
constexpr char kRenew[] = "auth/renew";
constexpr char kCreate[] = "clientapi/session";
constexpr char kRefused[] = "INTERNAL LOGON_REFUSED not_sent logon";
#ifdef SESSION_GATEWAY_SANITIZED
constexpr int kMany = 200;
#else
constexpr int kMany = 1000;
#endif

class LogonStateTest : public LogonTest {
 protected:
  LogonStateTest() { StartSandbox(SymphonySandbox()); }

  void Fault(SandboxFault fault) { ASSERT_TRUE(sandbox_->AddFault(SandboxUpstream::kSymphony, fault)); }
  void Expire() { sandbox_->ExpireLogons(SandboxUpstream::kSymphony); }
  std::string CookieOfCreate(std::size_t index) {
    const auto creates = Requests(kCreate);
    return index < creates.size() ? HeaderOf(creates[index], "cookie") : "(no such create)";
  }
};

TEST_F(LogonStateTest, AThousandFirstCallsCauseOneLogon) {
  MakeSymphony(ServiceAccount());
  Made calls = StartMany(kMany);
  EXPECT_EQ(FinishMany(calls, 200), kMany);
  EXPECT_EQ(Counters().logons, 1u);
  EXPECT_EQ(Counters().creates, static_cast<std::uint64_t>(kMany));
}

TEST_F(LogonStateTest, ExpiryUnderLoadLosesNoCall) {
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    // What is held is alive, for a call outlives one expiry and not two; and it is old enough to be replaced.
    clock_.ahead += seconds(6);
    EXPECT_EQ(Told(Create()), "OK done");
    clock_.ahead += seconds(6);
    Made calls = StartMany(60);
    EXPECT_TRUE(RunUntil([&] {
      return std::count_if(calls.begin(), calls.end(),
                           [](const auto& call) { return call->result.has_value(); }) > 20;
    }));
    Expire();
    EXPECT_EQ(FinishMany(calls, 200), 60) << round;
  }
  EXPECT_EQ(Counters().creates, 1u + kRounds * 61u);
  EXPECT_GT(Counters().refused, 0u);
  EXPECT_LE(Counters().logons, 1u + 2 * kRounds);
}

TEST_F(LogonStateTest, AWrongPasswordIsTriedOnceWhateverTheLoad) {
  environment_["PASSWORD"] = "wrong";
  MakeSymphony(ServiceAccount());
  Made calls = StartMany(kMany);
  EXPECT_EQ(FinishMany(calls, 0), kMany);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Told(Create()), kRefused);
    clock_.ahead += seconds(1);
  }
  EXPECT_EQ(Counters().refused_logons, 1u);
  EXPECT_EQ(Counters().creates, 0u);
}

TEST_F(LogonStateTest, TheLockoutDoublesToItsMaximumAndASuccessEndsIt) {
  SandboxOptions options = SymphonySandbox();
  options.symphony_logon->wrong_passwords_max = 0;
  options.symphony_logon->users[kUser] = "another";
  StartSandbox(options);
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), kRefused);
  std::uint64_t refused = 1;
  for (const int length_s : {30, 60, 120, 240, 480, 600, 600}) {
    const seconds length(length_s);
    clock_.ahead += length - seconds(1);
    EXPECT_EQ(Told(Create()), kRefused);
    EXPECT_EQ(Counters().refused_logons, refused) << length_s;
    clock_.ahead += seconds(1);
    EXPECT_EQ(Told(Create()), kRefused);
    EXPECT_EQ(Counters().refused_logons, ++refused) << length_s;
  }
  ASSERT_TRUE(sandbox_->SetPassword(kUser, kPassword));
  clock_.ahead += minutes(10);
  EXPECT_EQ(Told(Create()), "OK done");
  // From the beginning.
  ASSERT_TRUE(sandbox_->SetPassword(kUser, "another"));
  clock_.ahead += hours(9);
  EXPECT_EQ(Told(Create()), kRefused);
  clock_.ahead += seconds(30);
  EXPECT_EQ(Told(Create()), kRefused);
  EXPECT_EQ(Counters().refused_logons, refused + 2);
}

TEST_F(LogonStateTest, AStubborn401IsNoStormOfLogons) {
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  Fault({.count = 1000, .method = "POST", .status = 401});
  constexpr char kTold[] = "INTERNAL LOGON_REFUSED refused receive";
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Told(Create()), kTold);
  EXPECT_EQ(Counters().logons, 1u);
  EXPECT_EQ(Requests(kCreate).size(), 21u);
  // Older than renew_min_age: one new log-on, and each call that was refused with the old one goes out twice.
  clock_.ahead += seconds(5);
  Made calls = StartMany(20);
  EXPECT_EQ(FinishMany(calls, 401), 20);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Told(Create()), kTold);
  EXPECT_EQ(Counters().logons, 2u);
}

TEST_F(LogonStateTest, AtHalfItsLifeItIsRenewedAndAllThreeAreReplaced) {
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  clock_.ahead += hours(4) - seconds(1);
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_EQ(Counters().renewals, 0u);
  clock_.ahead += seconds(1);
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_TRUE(RunUntil([&] { return Counters().renewals == 1; }));
  Made calls = StartMany(50);
  EXPECT_EQ(FinishMany(calls, 200), 50);
  EXPECT_EQ(Counters().renewals, 1u);
  EXPECT_EQ(Counters().logons, 1u);

  const auto creates = Requests(kCreate);
  const SandboxRequest& before = creates.at(0);
  const SandboxRequest& after = creates.back();
  const auto part = [](const SandboxRequest& request, std::size_t index) {
    const std::string cookie = HeaderOf(request, "cookie");
    const std::size_t at = cookie.find("; ");
    return index == 0 ? cookie.substr(0, at) : cookie.substr(at);
  };
  EXPECT_NE(part(before, 0), part(after, 0));
  EXPECT_NE(part(before, 1), part(after, 1));
  EXPECT_NE(before.target, after.target);
  const SandboxRequest renewal = Requests(kRenew).at(0);
  EXPECT_EQ(HeaderOf(renewal, "cookie"), HeaderOf(before, "cookie"));
  EXPECT_EQ(renewal.target.substr(renewal.target.find('?') + 1),
            before.target.substr(before.target.find("csrftoken=")));
  EXPECT_EQ(HeaderOf(renewal, "authorization"), "(none)");
}

TEST_F(LogonStateTest, AfterItsWholeLifeACallWaitsForANewOne) {
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  clock_.ahead += hours(8);
  Made calls = StartMany(50);
  EXPECT_EQ(FinishMany(calls, 200), 50);
  EXPECT_EQ(Counters().logons, 2u);
  EXPECT_EQ(Counters().renewals, 0u);
  for (std::size_t i = 1; i < 51; ++i) EXPECT_NE(CookieOfCreate(i), CookieOfCreate(0));
}

TEST_F(LogonStateTest, ARenewalThatFailsInAnyWayIsFollowedByALogon) {
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  std::uint64_t logons = 1;
  const std::vector<SandboxFault> faults = {
      {.status = 400, .path = kRenew},
      {.status = 401, .path = kRenew},
      {.status = 500, .path = kRenew},
      {.kind = SandboxFaultKind::kHtml, .path = kRenew},
      {.kind = SandboxFaultKind::kGarbage, .body = "nonsense\r\n\r\n", .create = false, .path = kRenew},
      {.kind = SandboxFaultKind::kReset, .create = false, .path = kRenew},
      {.status = 200, .body = R"({"csrftoken":"new"})", .path = kRenew},
      // One that leaves the token and a cookie out has not renewed all three.
      {.status = 200, .body = "{}", .headers = {{"Set-Cookie", "platform.rest.token=t"}}, .path = kRenew}};
  for (const SandboxFault& fault : faults) {
    clock_.ahead += hours(5);
    Fault(fault);
    EXPECT_EQ(Told(Create()), "OK done");
    ++logons;
    EXPECT_TRUE(RunUntil([&] { return Counters().logons == logons; })) << fault.status;
    EXPECT_EQ(Told(Create()), "OK done");
  }
  EXPECT_EQ(Counters().renewals, 0u);
}

TEST_F(LogonStateTest, WhileARenewalFailsCallsGoOnWithWhatIsHeld) {
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  clock_.ahead += hours(5);
  Fault({.count = 2, .status = 503, .path = "auth/"});
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_TRUE(RunUntil([&] { return Requests("auth/").size() == 3; }));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_EQ(Requests("auth/").size(), 3u) << "the next renewal is tried too soon";
  clock_.ahead += seconds(5);
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_TRUE(RunUntil([&] { return Counters().renewals == 1; }));
}

TEST_F(LogonStateTest, ARefusedRenewalLocksNobodyOutBeforeTheEnd) {
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  ASSERT_TRUE(sandbox_->SetPassword(kUser, "another"));
  clock_.ahead += hours(5);
  Fault({.status = 400, .path = kRenew});
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_TRUE(RunUntil([&] { return Counters().refused_logons == 1; }));
  RunReady();
  for (int i = 0; i < 5; ++i) {
    clock_.ahead += seconds(5);
    EXPECT_EQ(Told(Create()), "OK done");
  }
  EXPECT_EQ(Counters().refused_logons, 1u);
  clock_.ahead += hours(4);
  EXPECT_EQ(Told(Create()), kRefused);
}

TEST_F(LogonStateTest, ALogonPageInPlaceOfAnAnswerMakesTheNextCallLogOnAnew) {
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  constexpr char kTold[] = "INTERNAL UPSTREAM_CONTRACT unknown receive";
  Fault({.kind = SandboxFaultKind::kHtml, .method = "POST"});
  EXPECT_EQ(Told(Create()), kTold);
  EXPECT_EQ(Counters().logons, 1u);
  EXPECT_EQ(Requests(kCreate).size(), 2u) << "the create was sent again";
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_EQ(Counters().logons, 2u);
  // Pages without end are no storm either.
  Fault({.kind = SandboxFaultKind::kHtml, .count = 20, .method = "POST"});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Told(Create()), kTold);
  EXPECT_EQ(Counters().logons, 2u);
  clock_.ahead += seconds(5);
  Fault({.kind = SandboxFaultKind::kHtml, .method = "POST"});
  EXPECT_EQ(Told(Create()), kTold);
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_EQ(Counters().logons, 3u);
}

TEST_F(LogonStateTest, ACallThatStopsIsFreedAtOnceAndTheLogonGoesOn) {
  for (const StopReason reason : {StopReason::kDeadline, StopReason::kCancelled}) {
    MakeSymphony(ServiceAccount());
    sandbox_->Reset(SandboxUpstream::kSymphony);
    Fault({.kind = SandboxFaultKind::kDelay, .wait = milliseconds(300), .path = kLogin});
    auto stopped = StartCall();
    auto patient = StartCall();
    EXPECT_TRUE(RunUntil([&] { return Requests(kLogin).size() == 1; }));
    stopped->context.Stop(reason);
    RunReady();
    ASSERT_TRUE(stopped->result.has_value()) << "it waits for the log-on";
    EXPECT_EQ(Told(*std::move(stopped->result)), reason == StopReason::kDeadline
                                                     ? "DEADLINE_EXCEEDED DEADLINE not_sent logon"
                                                     : "CANCELLED DEADLINE not_sent logon");
    EXPECT_EQ(Told(Finish(*patient)), "OK done");
    EXPECT_EQ(Counters().logons, 1u);
    EXPECT_EQ(Counters().creates, 1u);
    CloseStack();
  }
}

TEST_F(LogonStateTest, ALogonNobodyWaitsForServesTheNextCall) {
  MakeSymphony(ServiceAccount());
  auto call = StartCall();
  EXPECT_TRUE(RunUntil([&] { return !Requests(kLogin).empty(); }));
  call->context.Stop(StopReason::kCancelled);
  Finish(*call);
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_EQ(Counters().logons, 1u);
}

TEST_F(LogonStateTest, ADeadlineWhileTheLogonIsReplacedKeepsTheRefusal) {
  MakeSymphony(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  clock_.ahead += seconds(6);
  Expire();
  Fault({.kind = SandboxFaultKind::kDelay, .wait = milliseconds(300), .path = kLogin});
  auto call = StartCall();
  EXPECT_TRUE(RunUntil([&] { return Requests(kLogin).size() == 2; }));
  call->context.Stop(StopReason::kDeadline);
  RunReady();
  ASSERT_TRUE(call->result.has_value());
  EXPECT_EQ(Told(*std::move(call->result)), "DEADLINE_EXCEEDED DEADLINE refused logon");
  EXPECT_EQ(Counters().creates, 1u);
}

TEST_F(LogonStateTest, ALogonHasADeadlineOfItsOwn) {
  SymphonyAuthConfig config = ServiceAccount();
  config.limits.timeout = milliseconds(50);
  MakeSymphony(config);
  Fault({.kind = SandboxFaultKind::kDelay, .wait = milliseconds(2000), .path = kLogin});
  Made calls = StartMany(20);
  EXPECT_EQ(FinishMany(calls, 0), 20);
  EXPECT_EQ(Told(*std::move(calls[0]->result)), "UNAVAILABLE UPSTREAM_UNREACHABLE not_sent logon");
  EXPECT_EQ(Requests(kLogin).size(), 1u);
  EXPECT_EQ(Told(Create()), "OK done");
}

TEST_F(LogonStateTest, ClosingBreaksALogonOff) {
  MakeSymphony(ServiceAccount());
  Fault({.kind = SandboxFaultKind::kDelay, .wait = milliseconds(2000), .path = kLogin});
  auto call = StartCall();
  EXPECT_TRUE(RunUntil([&] { return !Requests(kLogin).empty(); }));
  stack_->Close();
  loop_.restart();
  loop_.run();  // returns only when nothing is left
  ASSERT_TRUE(call->result.has_value());
  EXPECT_EQ(Told(*std::move(call->result)), "UNAVAILABLE UPSTREAM_UNREACHABLE not_sent logon");
  stack_.reset();
}

TEST_F(LogonStateTest, AStackMayEndBeforeItsLogon) {
  MakeSymphony(ServiceAccount());
  Fault({.kind = SandboxFaultKind::kDelay, .wait = milliseconds(200), .path = kLogin});
  EXPECT_EQ(Told(Create()), "OK done");
  clock_.ahead += hours(5);
  Fault({.kind = SandboxFaultKind::kDelay, .wait = milliseconds(200), .path = kRenew});
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_TRUE(RunUntil([&] { return !Requests(kRenew).empty(); }));
  stack_.reset();  // the renewal is under way in the background
  loop_.restart();
  loop_.run();
  EXPECT_EQ(Counters().creates, 2u);
}

TEST_F(LogonStateTest, EachEndpointHasALogonOfItsOwn) {
  Sandbox second(SymphonySandbox());
  ASSERT_EQ(second.Start(), std::nullopt);
  MakeStack(MakeSymphonyAuthentication(ServiceAccount(), Parts()),
            {sandbox_->Endpoint(SandboxUpstream::kSymphony), second.Endpoint(SandboxUpstream::kSymphony)});
  Made calls = StartMany(20);
  EXPECT_EQ(FinishMany(calls, 200), 20);
  EXPECT_EQ(Counters().logons, 1u);
  EXPECT_EQ(second.counters(SandboxUpstream::kSymphony).logons, 1u);
  EXPECT_EQ(second.counters(SandboxUpstream::kSymphony).creates, 10u);
  CloseStack();
}

TEST_F(LogonStateTest, OfTheCallersTheLeastRecentlyUsedGoes) {
  SandboxOptions options = SymphonySandbox();
  options.symphony_logon->users = {{"a", "p"}, {"b", "p"}, {"c", "p"}};
  StartSandbox(options);
  SymphonyAuthConfig config;
  config.mode = SymphonyAuthMode::kCallerBasic;
  config.limits.identities = 2;
  MakeSymphony(config);
  const auto create = [this](const std::string& user, const std::string& password = "p") {
    Caller caller;
    caller.symphony_authorization = Secret("Basic " + absl::Base64Escape(user + ":" + password));
    return Told(Create(CreateSession(), caller));
  };
  const auto logons_after = [&](const std::string& user) {
    EXPECT_EQ(create(user), "OK done") << user;
    return Counters().logons;
  };
  EXPECT_EQ(logons_after("a"), 1u);
  EXPECT_EQ(logons_after("b"), 2u);
  EXPECT_EQ(logons_after("a"), 2u);
  EXPECT_EQ(logons_after("c"), 3u);  // b goes
  EXPECT_EQ(logons_after("a"), 3u);
  EXPECT_EQ(logons_after("b"), 4u);  // c goes
  // A refused user displaces one for the time of its log-on; the refusal outlives every displacement.
  EXPECT_EQ(create("c", "wrong"), kRefused);
  for (const std::string user : {"a", "b", "x", "y", "z"}) create(user);
  const std::uint64_t refused = Counters().refused_logons;
  EXPECT_EQ(create("c", "wrong"), kRefused);
  EXPECT_EQ(create("c"), kRefused);
  EXPECT_EQ(Counters().refused_logons, refused);
}

TEST_F(LogonStateTest, WhenAllThatAreKeptAreUnderWayTheNextUserIsTurnedAway) {
  SandboxOptions options = SymphonySandbox();
  options.symphony_logon->users = {{"a", "p"}, {"b", "p"}};
  StartSandbox(options);
  SymphonyAuthConfig config;
  config.mode = SymphonyAuthMode::kCallerBasic;
  config.limits.identities = 1;
  MakeSymphony(config);
  Fault({.kind = SandboxFaultKind::kDelay, .wait = milliseconds(300), .path = kLogin});
  const auto caller = [](const std::string& user) {
    Caller made;
    made.symphony_authorization = Secret("Basic " + absl::Base64Escape(user + ":p"));
    return made;
  };
  auto first = StartCall(CreateSession(), caller("a"));
  EXPECT_TRUE(RunUntil([&] { return !Requests(kLogin).empty(); }));
  EXPECT_EQ(Told(Create(CreateSession(), caller("b"))), "RESOURCE_EXHAUSTED OVERLOADED not_sent logon");
  EXPECT_EQ(Told(Finish(*first)), "OK done");
  EXPECT_EQ(Told(Create(CreateSession(), caller("b"))), "OK done");
}

}  // namespace
}  // namespace session_gateway
