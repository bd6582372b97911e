// The log-ons of an upstream for calls of another loop than theirs: the home loop runs on a thread of its
// own, the calls on the test's.
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <thread>

#include "server/run_on_loop.h"
#include "tests/server/logon_fixture.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

#ifdef SESSION_GATEWAY_SANITIZED
constexpr int kCalls = 100;
#else
constexpr int kCalls = 1000;
#endif
constexpr char kLogin[] = "auth/login";

class HomeCredentialsTest : public LogonTest {
 protected:
  HomeCredentialsTest() { StartSandbox(SymphonySandbox()); }
  ~HomeCredentialsTest() override { CloseLanes(); }

  void CloseLanes() {
    CloseStack();
    if (!home_) return;
    RunOnLoop(*home_loop_, [this] { home_->Close(); });
    work_.reset();
    thread_.join();
    home_.reset();
  }

  // The stack of the fixture becomes the other loop's.
  void MakeLanes(const SymphonyAuthConfig& config) {
    home_loop_.emplace(1);
    work_.emplace(home_loop_->get_executor());
    const AuthenticationParts parts = Parts();
    auto made = MakeSymphonyAuthentication(
        config, {*home_loop_, parts.clock, parts.random, parts.files, parts.read_variable});
    const std::vector<Endpoint> endpoints = {
        std::get<Endpoint>(ParseEndpoint(sandbox_->Endpoint(SandboxUpstream::kSymphony)))};
    StackLimits limits;
    limits.retry.attempts = 1;
    const auto ignore = [](std::string_view, EndpointEvent) {};
    home_.emplace(StackParts{*home_loop_, clock_, random_}, endpoints, limits,
                  std::get<std::unique_ptr<Authentication>>(std::move(made)), ignore);
    stack_.emplace(StackParts{loop_, clock_, random_}, endpoints, limits, *home_, ignore, nullptr);
    thread_ = std::thread([this] { home_loop_->run(); });
  }

  std::optional<Loop> home_loop_;
  std::optional<boost::asio::executor_work_guard<LoopExecutor>> work_;
  std::optional<UpstreamStack> home_;
  std::thread thread_;
};

TEST_F(HomeCredentialsTest, AThousandCallsCauseOneLogon) {
  MakeLanes(ServiceAccount());
  Made calls = StartMany(kCalls);
  EXPECT_EQ(FinishMany(calls, 200), kCalls);
  EXPECT_EQ(Counters().logons, 1u);
}

TEST_F(HomeCredentialsTest, ALogonThatIsOverIsReplacedOnce) {
  SymphonyAuthConfig config = ServiceAccount();
  config.limits.renew_min_age = milliseconds(0);
  MakeLanes(config);
  EXPECT_EQ(Told(Create()), "OK done");
  sandbox_->ExpireLogons(SandboxUpstream::kSymphony);
  Made calls = StartMany(kCalls);
  EXPECT_EQ(FinishMany(calls, 200), kCalls);
  EXPECT_EQ(Counters().logons, 2u);
}

TEST_F(HomeCredentialsTest, AWrongPasswordIsTriedOnce) {
  environment_["PASSWORD"] = "wrong";
  MakeLanes(ServiceAccount());
  Made calls = StartMany(kCalls);
  EXPECT_EQ(FinishMany(calls, 0), kCalls);
  EXPECT_EQ(Told(Create()), "INTERNAL LOGON_REFUSED not_sent logon");
  EXPECT_EQ(Requests(kLogin).size(), 1u);
}

TEST_F(HomeCredentialsTest, ALogonPageMakesTheNextCallLogOnAnew) {
  MakeLanes(ServiceAccount());
  EXPECT_EQ(Told(Create()), "OK done");
  ASSERT_TRUE(
      sandbox_->AddFault(SandboxUpstream::kSymphony, {.kind = SandboxFaultKind::kHtml, .method = "POST"}));
  EXPECT_EQ(Told(Create()), "INTERNAL UPSTREAM_CONTRACT unknown receive");
  // What the answer said is told at home before the next call asks there.
  EXPECT_EQ(Told(Create()), "OK done");
  EXPECT_EQ(Counters().logons, 2u);
}

TEST_F(HomeCredentialsTest, ACallThatStopsIsFreedAtOnceAndTheLogonGoesOn) {
  for (const StopReason reason : {StopReason::kDeadline, StopReason::kCancelled}) {
    MakeLanes(ServiceAccount());
    sandbox_->Reset(SandboxUpstream::kSymphony);
    ASSERT_TRUE(
        sandbox_->AddFault(SandboxUpstream::kSymphony,
                           {.kind = SandboxFaultKind::kDelay, .wait = milliseconds(500), .path = kLogin}));
    auto stopped = StartCall();
    auto patient = StartCall();
    EXPECT_TRUE(RunUntil([&] { return Requests(kLogin).size() == 1; }));
    stopped->context.Stop(reason);
    EXPECT_TRUE(RunUntil([&] { return stopped->result.has_value(); }));
    EXPECT_FALSE(patient->result.has_value()) << "the log-on was over before";
    EXPECT_EQ(Told(*std::move(stopped->result)), reason == StopReason::kDeadline
                                                     ? "DEADLINE_EXCEEDED DEADLINE not_sent logon"
                                                     : "CANCELLED DEADLINE not_sent logon");
    EXPECT_EQ(Told(Finish(*patient)), "OK done");
    EXPECT_EQ(Counters().logons, 1u);
    CloseLanes();
  }
}

TEST_F(HomeCredentialsTest, ClosingAtHomeEndsTheWaitsOfOthers) {
  MakeLanes(ServiceAccount());
  ASSERT_TRUE(
      sandbox_->AddFault(SandboxUpstream::kSymphony,
                         {.kind = SandboxFaultKind::kDelay, .wait = milliseconds(2000), .path = kLogin}));
  auto call = StartCall();
  EXPECT_TRUE(RunUntil([&] { return !Requests(kLogin).empty(); }));
  RunOnLoop(*home_loop_, [this] { home_->Close(); });
  EXPECT_EQ(Told(Finish(*call)), "UNAVAILABLE UPSTREAM_UNREACHABLE not_sent logon");
}

}  // namespace
}  // namespace session_gateway
