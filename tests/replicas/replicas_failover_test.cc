// Two gateways whose Redis is a master with a replica that lags: the master dies, the replica takes its
// place, and the name of the master moves to it. What the replica had is remembered, what runs is written
// again, and the rest is the limit that no gateway can lift, in figures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "tests/chaos/chaos_proxy.h"
#include "tests/replicas/replica_site.h"
#include "tests/server/signal.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr SandboxUpstream kSymphony = SandboxUpstream::kSymphony;
constexpr char kNotSent[] = "UNAVAILABLE LEDGER_UNAVAILABLE not_sent";
constexpr char kRunning[] = "v1 running ";
constexpr char kEnded[] = "v1 ended ";

std::vector<std::string> OnPort(int port) {
  return {"--port", std::to_string(port), "--repl-diskless-sync-delay", "0"};
}

bool WaitUntil(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

// Whether its record begins so, some time.
bool WaitForRecord(const RedisServer& redis, const std::string& request_id, const std::string& begin) {
  return WaitUntil([&] {
    for (const RedisReply& key : redis.Ask({"KEYS", "*once:*" + request_id + "*"}).elements) {
      if (redis.AskText({"GET", key.text}).starts_with(begin)) return true;
    }
    return false;
  });
}

void Follow(const RedisServer& replica, int master_port) {
  EXPECT_EQ(replica.AskText({"REPLICAOF", "127.0.0.1", std::to_string(master_port)}), "OK");
  EXPECT_TRUE(WaitUntil([&] {
    return replica.AskText({"INFO", "replication"}).find("link_status:up") != std::string::npos;
  }));
}

class ReplicasFailover : public testing::Test {
 protected:
  ReplicasFailover() { Follow(standby_, link_.port()); }
  ~ReplicasFailover() override {
    StopAll({replicas_[0].get(), replicas_[1].get()});
    if (is_honest_) book_.ExpectHonest(site_.sandbox);
  }

  void StartGateways(milliseconds lease, milliseconds timeout) {
    for (auto& replica : replicas_) {
      replica = site_.Start(
          {.redis = "127.0.0.1:" + std::to_string(way_.port()), .lease = lease, .timeout = timeout});
      replica->WaitUntilUsesRedis();
    }
  }
  void StartGateways() { StartGateways(std::chrono::seconds(60), std::chrono::seconds(1)); }

  const Callee& first() const { return replicas_[0]->callee(); }
  const Callee& second() const { return replicas_[1]->callee(); }
  std::uint64_t creates() const { return site_.sandbox.counters(kSymphony).creates; }

  // From now on the standby lags.
  void CutReplication() {
    link_.SetListening(ChaosListening::kClosed);
    link_.EndOpen(ChaosEnd::kReset);
    EXPECT_TRUE(link_.WaitFor([](const ChaosTotals& totals) { return totals.open == 0; }, kPatience));
  }
  void MoveNameTo(int port) {
    way_.SetUpstream(port);
    way_.EndOpen(ChaosEnd::kReset);
  }
  void FailOver() {
    site_.redis.Kill();
    EXPECT_EQ(standby_.AskText({"REPLICAOF", "NO", "ONE"}), "OK");
    MoveNameTo(standby_port_);
  }

  // A create whose end both servers have.
  Told CallAndReplicate(const std::string& id) {
    Told told = book_.Call(first(), id);
    EXPECT_EQ(told.Row(), "OK") << told;
    EXPECT_TRUE(WaitForRecord(standby_, id, kEnded));
    return told;
  }
  // A create that the upstream has and answers later, and of which the standby knows nothing.
  std::future<Told> BeginLost(const std::string& id, milliseconds delay) {
    CutReplication();
    const std::uint64_t requests = site_.sandbox.counters(kSymphony).requests;
    site_.Delay(kSymphony, delay, 1);
    auto told = book_.Start(first(), id);
    EXPECT_TRUE(site_.WaitForRequests(kSymphony, requests + 1));
    EXPECT_TRUE(standby_.Ask({"KEYS", "*" + id + "*"}).elements.empty());
    return told;
  }

  const int master_port_ = FreeLoopbackPort();
  ReplicaSite site_{OnPort(master_port_)};
  const int standby_port_ = FreeLoopbackPort();
  RedisServer standby_{OnPort(standby_port_)};
  ChaosProxy link_{{.upstream_port = master_port_}};  // from the standby to the master
  ChaosProxy way_{{.upstream_port = master_port_}};   // from the gateways to who is the master
  std::unique_ptr<Replica> replicas_[2];
  CreatesBook book_{kSymphony, 9};
  bool is_honest_ = true;
};

TEST_F(ReplicasFailover, WhatTheReplicaHadIsReplayedAndAnEndThatItLostIsCreatedAgain) {
  is_honest_ = false;
  StartGateways();
  const std::string kept = book_.NewRequestId();
  const std::string lost = book_.NewRequestId();
  const Told before = CallAndReplicate(kept);
  CutReplication();
  const Told forgotten = book_.Call(first(), lost);
  EXPECT_EQ(forgotten.Row(), "OK");
  EXPECT_TRUE(WaitForRecord(site_.redis, lost, kEnded)) << "its gateway has nothing left to write";
  EXPECT_EQ(creates(), 2u);
  FailOver();

  for (const Callee& callee : {first(), second()}) {
    const Told again = book_.AskUntilTold(callee, kept);
    EXPECT_EQ(again.Row(), "OK replayed") << again;
    EXPECT_EQ(again.made, before.made);
  }
  EXPECT_EQ(creates(), 2u);
  const Told anew = book_.AskUntilTold(second(), lost);
  EXPECT_EQ(anew.Row(), "OK") << anew;
  EXPECT_NE(anew.made, forgotten.made);
  const Told after = book_.AskUntilTold(first(), lost);
  EXPECT_EQ(after.Row(), "OK replayed") << after;
  EXPECT_EQ(after.made, anew.made);
  EXPECT_EQ(creates(), 3u);
}

// The same at Qlik: an end that the replica lost is found at QRS, where the row has the request's id.
TEST_F(ReplicasFailover, AnEndThatTheReplicaLostIsFoundAtQlik) {
  StartGateways();
  CreatesBook rows(SandboxUpstream::kQlik, 10);
  const std::string lost = rows.NewRequestId();
  CutReplication();
  const Told before = rows.Call(first(), lost);
  EXPECT_EQ(before.Row(), "OK");
  EXPECT_TRUE(WaitForRecord(site_.redis, lost, kEnded));
  FailOver();
  const Told again = rows.AskUntilTold(second(), lost);
  EXPECT_EQ(again.Row(), "OK replayed") << again;
  EXPECT_EQ(again.made, before.made);
  rows.ExpectHonest(site_.sandbox);
}

TEST_F(ReplicasFailover, ARunningCreateThatTheReplicaLostIsWrittenAgainByItsEnd) {
  StartGateways();  // no renewal while this test lasts
  const std::string running = book_.NewRequestId();
  auto told = BeginLost(running, milliseconds(1500));
  FailOver();
  const Told made = told.get();
  EXPECT_EQ(made.Row(), "OK");
  EXPECT_TRUE(WaitForRecord(standby_, running, kEnded));
  const Told again = book_.AskUntilTold(second(), running);
  EXPECT_EQ(again.Row(), "OK replayed") << again;
  EXPECT_EQ(again.made, made.made);
  EXPECT_EQ(creates(), 1u);
}

TEST_F(ReplicasFailover, ARunningCreateThatTheReplicaLostIsWrittenAgainByItsRenewal) {
  StartGateways(std::chrono::seconds(3), std::chrono::seconds(1));
  const std::string running = book_.NewRequestId();
  auto told = BeginLost(running, std::chrono::seconds(5));
  FailOver();
  EXPECT_TRUE(WaitForRecord(standby_, running, kRunning)) << "before it has ended";
  const Told again = book_.AskUntilTold(second(), running);
  EXPECT_EQ(again.Row(), "OK replayed") << "it waits for the end: " << again;
  const Told made = told.get();
  EXPECT_EQ(made.Row(), "OK");
  EXPECT_EQ(again.made, made.made);
  EXPECT_EQ(creates(), 1u);
}

// The other half of the limit: a repeat at another gateway that comes before the next renewal. One at the
// same gateway joins what runs there.
TEST_F(ReplicasFailover, ARepeatElsewhereBeforeTheRenewalIsCreatedAgain) {
  is_honest_ = false;
  StartGateways();
  const std::string running = book_.NewRequestId();
  auto told = BeginLost(running, std::chrono::seconds(3));
  FailOver();
  auto joined = book_.Start(first(), running);
  const Told anew = book_.AskUntilTold(second(), running);
  EXPECT_EQ(anew.Row(), "OK") << anew;
  const Told made = told.get();
  EXPECT_EQ(made.Row(), "OK") << made;
  EXPECT_NE(made.made, anew.made);
  EXPECT_EQ(joined.get().made, made.made);
  EXPECT_EQ(creates(), 2u);
  // Who came second is in the ledger now, and the late holder does not write over it.
  const Told after = book_.AskUntilTold(second(), running);
  EXPECT_EQ(after.Row(), "OK replayed");
  EXPECT_EQ(after.made, anew.made);
  EXPECT_EQ(creates(), 2u);
}

// It has all that the new master has, and still nothing is claimed or told from it.
TEST_F(ReplicasFailover, TheOldMasterThatComesBackAsAReplicaIsNotUsed) {
  StartGateways();
  const std::string known = book_.NewRequestId();
  CallAndReplicate(known);
  FailOver();
  EXPECT_EQ(book_.AskUntilTold(second(), known).Row(), "OK replayed");
  site_.redis.Start();
  Follow(site_.redis, standby_port_);
  EXPECT_TRUE(WaitForRecord(site_.redis, known, kEnded));

  MoveNameTo(master_port_);
  for (auto& replica : replicas_) {
    const std::string line = replica->WaitForLog("Redis is a replica, and the ledger needs the master");
    EXPECT_THAT(line, HasSubstr(R"("msg":"ledger_unusable")"));
    EXPECT_EQ(book_.Call(replica->callee(), book_.NewRequestId()).Row(), kNotSent);
    EXPECT_EQ(book_.Call(replica->callee(), known).Row(), kNotSent);
  }
  EXPECT_EQ(creates(), 1u);
  MoveNameTo(standby_port_);
  for (const Callee& callee : {first(), second()}) {
    EXPECT_EQ(book_.AskUntilTold(callee, known).Row(), "OK replayed");
    EXPECT_EQ(book_.AskUntilTold(callee, book_.NewRequestId()).Row(), "OK");
  }
  EXPECT_EQ(creates(), 3u);
}

}  // namespace
}  // namespace session_gateway
