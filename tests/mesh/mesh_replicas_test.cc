// Replicas of the gateway behind a retrying Envoy: they are replaced one by one without a failed or doubled
// call, and what becomes of the calls of one that is killed.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <thread>

#include "tests/gateway/callers.h"
#include "tests/mesh/envoy.h"

namespace session_gateway {
namespace {

class MeshReplicas : public testing::Test {
 protected:
  // All answers of the upstream come so late.
  void Delay(int milliseconds) {
    sandbox_.symphony().AddFault(R"({"kind":"delay","count":100000,"ms":)" + std::to_string(milliseconds) +
                                 "}");
  }
  std::int64_t Requests() const { return sandbox_.symphony().Count("requests"); }
  std::int64_t Created() const { return sandbox_.symphony().Count("creates"); }
  void WaitForRequests(std::int64_t requests) const {
    while (Requests() < requests) std::this_thread::yield();
  }

  // Each replica is told to end and started again, while the callers of this Envoy go on.
  void ReplaceAll(std::vector<std::optional<GatewayProgram>>& replicas) {
    for (auto& replica : replicas) {
      WaitForRequests(Requests() + 200);
      const std::string address = replica->address();
      EXPECT_EQ(replica->Stop(), 0) << replica->process().log();
      replica.emplace(std::vector<std::string>{"--config", config_.path(), "--listen", address});
    }
    WaitForRequests(Requests() + 200);
  }

  SandboxProgram sandbox_;
  const TemporaryFile config_{ConfigFor(sandbox_.symphony_endpoint(), "")};
  const std::vector<std::string> arguments_ = {"--config", config_.path()};
};

class MeshReplacement : public MeshReplicas, public testing::WithParamInterface<const char*> {};

TEST_P(MeshReplacement, DoublesNoCallAndFailsNone) {
  Delay(50);
  std::vector<std::optional<GatewayProgram>> replicas(2);
  for (auto& replica : replicas) replica.emplace(arguments_);
  const Envoy envoy({replicas[0]->address(), replicas[1]->address()}, GetParam());
  Callers callers(envoy.address(), 40, Callers::Until::kStopped);
  ReplaceAll(replicas);
  callers.Stop();
  const Tally& seen = callers.tally();
  EXPECT_EQ(seen["OK"], Created()) << seen.Text();
  EXPECT_GT(envoy.Stat("upstream_rq_retry"), 0) << "nothing had to be repeated: the test shows nothing";
  // A call that crosses its connection's GOAWAY is cancelled by gRPC itself. It was not sent either.
  EXPECT_EQ(seen["OK"] + seen["none 1"], seen.total()) << seen.Text();
  EXPECT_LE(seen["none 1"], std::string(GetParam()) == kSafePolicy ? 0 : seen.total() / 20) << seen.Text();
}

INSTANTIATE_TEST_SUITE_P(Policies, MeshReplacement, testing::Values(kUsualPolicy, kSafePolicy),
                         [](const auto& policy) {
                           return policy.param == std::string(kSafePolicy) ? "Safe" : "Usual";
                         });

TEST_F(MeshReplicas, OldConnectionsAreReplacedWithoutAFailedOrDoubledCall) {
  Delay(20);
  const TemporaryFile config(ConfigFor(sandbox_.symphony_endpoint(), "") +
                             "listen: {connection_age_max: 100ms}\n");
  GatewayProgram gateway({"--config", config.path()});
  const Envoy envoy({gateway.address()}, kUsualPolicy);
  Callers callers(envoy.address(), 20, Callers::Until::kStopped);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (envoy.Stat("upstream_cx_total") < 10 && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  callers.Stop();
  const Tally& seen = callers.tally();
  EXPECT_GE(envoy.Stat("upstream_cx_total"), 10);
  EXPECT_EQ(seen["OK"], seen.total()) << seen.Text();
  EXPECT_EQ(seen["OK"], Created());
  EXPECT_EQ(gateway.Stop(), 0) << gateway.process().log();
}

class MeshKill : public MeshReplicas {
 protected:
  static constexpr int kCallers = 20;

  // One of two replicas is killed while it waits for the upstream's answers to its part of the calls.
  void KillOne(const std::string& policy, std::int64_t& retries, std::string& seen, int& done) {
    Delay(2000);
    GatewayProgram killed(arguments_);
    GatewayProgram other(arguments_);
    const Envoy envoy({killed.address(), other.address()}, policy);
    Callers callers(envoy.address(), kCallers, Callers::Until::kError);
    WaitForRequests(kCallers);
    callers.FinishRunning();
    killed.process().Signal(SIGKILL);
    EXPECT_EQ(killed.process().WaitForEnd(), -SIGKILL);
    callers.Join();
    EXPECT_EQ(other.Stop(), 0);
    retries = envoy.Stat("upstream_rq_retry");
    seen = callers.tally().Text();
    done = callers.tally()["OK"];
  }

  std::int64_t retries_ = 0;
  std::string seen_;
  int done_ = 0;
};

// The limit of what a gateway can do: one that is killed says nothing, a policy with `reset` takes that for
// leave to repeat the call, and the next replica knows nothing of the first.
TEST_F(MeshKill, IsTakenForLeaveToRepeatByAPolicyWithReset) {
  KillOne(kUsualPolicy, retries_, seen_, done_);
  EXPECT_EQ(done_, kCallers) << seen_;
  EXPECT_GT(retries_, 0);
  EXPECT_EQ(Created(), kCallers + retries_);
}

TEST_F(MeshKill, DoublesNothingByAPolicyWithoutReset) {
  KillOne(kSafePolicy, retries_, seen_, done_);
  EXPECT_LT(done_, kCallers) << "no call was on the killed one: the test shows nothing";
  EXPECT_EQ(retries_, 0);
  EXPECT_EQ(Created(), kCallers) << seen_;
}

}  // namespace
}  // namespace session_gateway
