// The way from a gateway to Redis ends within a command or a reply, and the gateway is killed or goes on:
// never a second session.
#include <gtest/gtest.h>

#include "tests/replicas/redis_relay.h"
#include "tests/replicas/replica_site.h"

namespace session_gateway {
namespace {

using Side = RedisRelay::Side;

constexpr SandboxUpstream kSymphony = SandboxUpstream::kSymphony;
constexpr double kShares[] = {0.01, 0.3, 0.6, 0.99};

struct Cut {
  RedisScript script;
  Side side;
};

class ReplicasCut : public testing::TestWithParam<Cut> {
 protected:
  ~ReplicasCut() override {
    for (auto& repeat : repeats_) {
      const Told last = repeat.get();
      EXPECT_TRUE(last.ok || last.outcome == "unknown") << last;
    }
    book_.ExpectHonest(site_.sandbox);
  }

  void CutAt(double share, bool kills) {
    const std::string number = std::to_string(relays_.size());
    relays_.push_back(std::make_unique<RedisRelay>(site_.redis.folder() / "redis.sock",
                                                   site_.redis.folder() / ("relay" + number)));
    RedisRelay& relay = *relays_.back();
    auto victim = site_.Start(kills ? ShortLived(relay.address()) : ReplicaOptions{.redis = relay.address()});
    victim->WaitUntilUsesRedis();
    relay.HoldNextBehind(GetParam().script, GetParam().side, share);
    const std::string id = book_.NewRequestId();
    auto told = book_.Start(victim->callee(), id);
    EXPECT_TRUE(relay.WaitUntilHeld()) << share;
    if (kills) victim->Kill();
    relay.Drop();
    repeats_.push_back(std::async(std::launch::async, [this, callee = survivor_->callee(), id] {
      return book_.AskUntilTold(callee, id);
    }));
    const Told first = told.get();
    if (kills) return;
    // It had the claim and answered, or it never knew of one.
    const bool is_claim = GetParam().script == RedisScript::kClaim;
    const std::string refused = "UNAVAILABLE LEDGER_UNAVAILABLE not_sent";
    EXPECT_EQ(first.Row(), is_claim ? refused : "OK") << share << first;
    const Told again = book_.AskUntilTold(victim->callee(), id);
    EXPECT_TRUE(again.ok) << "a claim is given back, an end is written again: " << again;
    cut_.push_back(std::move(victim));
  }

  ReplicaSite site_{{}};
  std::unique_ptr<Replica> survivor_ = site_.Start();
  CreatesBook book_{kSymphony, 5};
  std::vector<std::unique_ptr<RedisRelay>> relays_;
  std::vector<std::unique_ptr<Replica>> cut_;  // and alive
  std::vector<std::future<Told>> repeats_;
};

TEST_P(ReplicasCut, AndKilled) {
  for (const double share : kShares) CutAt(share, true);
}

TEST_P(ReplicasCut, AndAlive) {
  for (const double share : kShares) CutAt(share, false);
}

INSTANTIATE_TEST_SUITE_P(
    Places, ReplicasCut,
    testing::Values(Cut{RedisScript::kClaim, Side::kCommand}, Cut{RedisScript::kClaim, Side::kReply},
                    Cut{RedisScript::kRemember, Side::kCommand}, Cut{RedisScript::kRemember, Side::kReply}),
    [](const auto& cut) {
      const bool is_claim = cut.param.script == RedisScript::kClaim;
      const bool is_command = cut.param.side == Side::kCommand;
      return std::string(is_claim ? "Claim" : "End") + (is_command ? "Sent" : "Answered");
    });

}  // namespace
}  // namespace session_gateway
