// A retrying Envoy before two gateways that share one Redis: with a request_id its usual policy, which
// repeats what a gateway that died has left, makes no second session.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

#include "tests/exchange/channel.h"
#include "tests/mesh/envoy.h"
#include "tests/replicas/replica_storm.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

constexpr SandboxUpstream kSymphony = SandboxUpstream::kSymphony;

TEST(MeshOnce, AStormMakesNoSecondSession) {
  ReplicaStorm storm(8);
  const Envoy envoy(storm.addresses(), kUsualPolicy);
  const Callee callee = ConnectPersistently(envoy.address());
  storm.Run({callee}, 10);
  storm.ExpectHonest({callee});
  EXPECT_GT(envoy.Stat("upstream_rq_retry"), 0) << "nothing was repeated: the test shows nothing";
  std::cout << storm.Figures() << envoy.Stat("upstream_rq_retry") << " of them repeated by Envoy"
            << std::endl;
}

class MeshOnceKill : public testing::Test {
 protected:
  static constexpr int kCalls = 20;

  // A gateway is killed while it waits for the answers of the upstream to its part of the calls.
  std::map<std::string, int> KillOne(SandboxUpstream upstream) {
    ReplicaSite site({});
    CreatesBook book(upstream, 9);
    const auto killed = site.Start(ShortLived(site.redis.address()));
    const auto other = site.Start(ShortLived(site.redis.address()));
    const Envoy envoy({killed->address(), other->address()}, kUsualPolicy);
    const Callee callee = ConnectTo(envoy.address());
    site.Delay(upstream, milliseconds(1500), kCalls);
    std::vector<std::future<Told>> all;
    for (int i = 0; i < kCalls; ++i) all.push_back(book.Start(callee, book.NewRequestId()));
    EXPECT_TRUE(site.WaitForRequests(upstream, kCalls));
    killed->Kill();
    std::map<std::string, int> rows;
    for (auto& one : all) ++rows[one.get().Row()];
    EXPECT_GT(envoy.Stat("upstream_rq_retry"), 0);
    EXPECT_EQ(site.sandbox.counters(upstream).creates, static_cast<std::uint64_t>(kCalls));
    book.ExpectHonest(site.sandbox);
    StopAll({other.get()});
    return rows;
  }
};

TEST_F(MeshOnceKill, IsUnknownAtSymphony) {
  const auto rows = KillOne(kSymphony);
  const std::string all = testing::PrintToString(rows);
  ASSERT_EQ(rows.size(), 2u) << all;
  EXPECT_TRUE(rows.contains("OK") && rows.contains("UNKNOWN OUTCOME_UNKNOWN unknown")) << all;
}

TEST_F(MeshOnceKill, IsFoundAtQlik) {
  const auto rows = KillOne(SandboxUpstream::kQlik);
  const std::string all = testing::PrintToString(rows);
  ASSERT_EQ(rows.size(), 2u) << all;
  EXPECT_TRUE(rows.contains("OK") && rows.contains("OK replayed")) << all;
}

}  // namespace
}  // namespace session_gateway
