// Replicas of the gateway behind a retrying Envoy: they are replaced one by one without a failed or doubled
// call, and what becomes of the calls of one that is killed.
#include <gtest/gtest.h>

#include <csignal>
#include <optional>

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
  void WaitForRequests(std::int64_t requests) const {
    while (sandbox_.symphony().Count("requests") < requests) std::this_thread::yield();
  }

  SandboxProgram sandbox_;
  const TemporaryFile config_{ConfigFor(sandbox_.symphony_endpoint(), "")};
  const std::vector<std::string> arguments_ = {"--config", config_.path()};
};

TEST_F(MeshReplicas, AreReplacedWithoutAFailedOrDoubledCall) {
  Delay(50);
  std::vector<std::optional<GatewayProgram>> replicas(2);
  for (auto& replica : replicas) replica.emplace(arguments_);
  const Envoy envoy({replicas[0]->address(), replicas[1]->address()});
  Callers callers(envoy.address(), 40, Callers::Until::kStopped);
  std::int64_t requests = 0;
  for (auto& replica : replicas) {
    requests = sandbox_.symphony().Count("requests") + 200;
    WaitForRequests(requests);
    const std::string address = replica->address();
    EXPECT_EQ(replica->Stop(), 0) << replica->process().log();
    replica.emplace(std::vector<std::string>{"--config", config_.path(), "--listen", address});
  }
  WaitForRequests(requests + 400);
  callers.Stop();
  const Tally& seen = callers.tally();
  EXPECT_EQ(seen["OK"], seen.total()) << seen.Text();
  EXPECT_EQ(seen["OK"], sandbox_.symphony().Count("creates"));
  EXPECT_GT(envoy.Stat("upstream_rq_retry"), 0) << "nothing had to be repeated: the test shows nothing";
}

// The limit of what a gateway can do: one that is killed says nothing, Envoy takes the reset for a call that
// may be repeated, and the next replica knows nothing of the first.
TEST_F(MeshReplicas, CallsOfOneThatIsKilledAreCreatedAgain) {
  Delay(2000);
  GatewayProgram killed(arguments_);
  GatewayProgram other(arguments_);
  const Envoy envoy({killed.address(), other.address()});
  constexpr int kCallers = 20;
  Callers callers(envoy.address(), kCallers, Callers::Until::kError);
  WaitForRequests(kCallers);
  callers.FinishRunning();
  killed.process().Signal(SIGKILL);
  EXPECT_EQ(killed.process().WaitForEnd(), -SIGKILL);
  callers.Join();
  const Tally& seen = callers.tally();
  const std::int64_t created = sandbox_.symphony().Count("creates");
  EXPECT_EQ(seen["OK"], kCallers) << seen.Text();
  EXPECT_EQ(created, kCallers + envoy.Stat("upstream_rq_retry"));
  EXPECT_GT(created, kCallers);
  EXPECT_EQ(other.Stop(), 0);
}

}  // namespace
}  // namespace session_gateway
