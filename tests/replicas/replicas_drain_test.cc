// Redis stops while a create is at its end there. A gateway that is told to end meanwhile waits for no longer
// than its time to drain; one that goes on sends nothing for that request_id until Redis answers.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/chaos/chaos_proxy.h"
#include "tests/replicas/replica_site.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr SandboxUpstream kSymphony = SandboxUpstream::kSymphony;
// Of draining for one second; an operation of Redis has five.
#ifdef SESSION_GATEWAY_SANITIZED
constexpr milliseconds kEndMax{4500};  // a sanitizer ends with a second of its own
#else
constexpr milliseconds kEndMax{2500};
#endif

class ReplicasDrain : public testing::Test {
 protected:
  // Each answer of the upstream comes late.
  ReplicasDrain() { way_.SetPlan(Late()); }

  void StartGateway(milliseconds timeout) {
    replica_ = site_.Start({.redis = site_.redis.address(),
                            .symphony = "http://127.0.0.1:" + std::to_string(way_.port()),
                            .timeout = timeout,
                            .more = "drain_timeout: 1s\n"});
    replica_->WaitUntilUsesRedis();
  }
  // Redis stops when the upstream has the create, and not before.
  std::future<Told> BeginCreateAndStopRedis(const std::string& id) {
    auto told = book_.Start(replica_->callee(), id);
    EXPECT_TRUE(site_.WaitForRequests(kSymphony, 1));
    site_.redis.Pause();
    return told;
  }
  void ExpectEndsSoon() {
    const auto begin = steady_clock::now();
    replica_->program().process().Signal(SIGTERM);
    EXPECT_EQ(replica_->program().process().WaitForEnd(), 0) << replica_->log();
    const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
    EXPECT_LT(took, kEndMax) << took.count() << " ms\n" << replica_->log();
  }

  static int PortOf(const std::string& endpoint) {
    return std::stoi(endpoint.substr(endpoint.rfind(':') + 1));
  }
  static ChaosPlan Late() {
    ChaosPlan plan;
    plan.answer.delay = milliseconds(700);
    return plan;
  }

  ReplicaSite site_{{}};
  ChaosProxy way_{{.upstream_port = PortOf(site_.sandbox.Endpoint(kSymphony))}};
  std::unique_ptr<Replica> replica_;
  CreatesBook book_{kSymphony, 11};
};

TEST_F(ReplicasDrain, AnEndThatIsBeingRememberedHoldsNothingUp) {
  StartGateway(std::chrono::seconds(5));
  const std::string id = book_.NewRequestId();
  auto told = BeginCreateAndStopRedis(id);
  EXPECT_EQ(told.get().Row(), "OK") << "its caller needs no Redis";
  ExpectEndsSoon();
  site_.redis.Continue();
  book_.ExpectHonest(site_.sandbox);
}

TEST_F(ReplicasDrain, AnEndThatIsBeingForgottenHoldsNothingUpAndIsTold) {
  StartGateway(std::chrono::seconds(5));
  const std::string id = book_.NewRequestId();
  EXPECT_TRUE(site_.sandbox.AddFault(kSymphony, {.kind = SandboxFaultKind::kStatus, .status = 400}));
  auto told = BeginCreateAndStopRedis(id);
  ExpectEndsSoon();
  const Told refused = told.get();
  EXPECT_EQ(refused.outcome, "refused") << refused;
  site_.redis.Continue();
  book_.ExpectHonest(site_.sandbox);
}

TEST_F(ReplicasDrain, ARefusalThatCannotBeForgottenIsToldAgainUntilRedisAnswers) {
  StartGateway(milliseconds(500));
  const std::string id = book_.NewRequestId();
  EXPECT_TRUE(site_.sandbox.AddFault(kSymphony, {.kind = SandboxFaultKind::kStatus, .status = 400}));
  auto told = BeginCreateAndStopRedis(id);
  const Told first = told.get();
  EXPECT_EQ(first.outcome, "refused") << first;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(book_.Call(replica_->callee(), id).Row(), first.Row());
  EXPECT_EQ(site_.sandbox.counters(kSymphony).requests, 1u) << "nothing more is sent";
  site_.redis.Continue();
  EXPECT_TRUE(site_.WaitForEntry(id, false));
  Told last = book_.Call(replica_->callee(), id);
  const auto end = steady_clock::now() + kCallPatience;
  while (last.outcome != "done" && steady_clock::now() < end) last = book_.Call(replica_->callee(), id);
  EXPECT_EQ(last.Row(), "OK") << last;
  StopAll({replica_.get()});
  book_.ExpectHonest(site_.sandbox);
}

}  // namespace
}  // namespace session_gateway
