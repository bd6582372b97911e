// Several gateways whose Redis is stopped, restarted, full, read-only or slow: what they cannot know they do
// not send.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/chaos/chaos_proxy.h"
#include "tests/replicas/replica_site.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr SandboxUpstream kSymphony = SandboxUpstream::kSymphony;
constexpr char kNotSent[] = "UNAVAILABLE LEDGER_UNAVAILABLE not_sent";

class ReplicasRedis : public testing::Test {
 protected:
  // Redis keeps a file, and writes it before it answers.
  ReplicasRedis() : ReplicasRedis({"--appendonly", "yes", "--appendfsync", "always"}) {}
  explicit ReplicasRedis(std::vector<std::string> redis_options) : site_(std::move(redis_options)) {
    for (auto& replica : replicas_) {
      replica = site_.Start({.redis = site_.redis.address(), .timeout = milliseconds(1000)});
      replica->WaitUntilUsesRedis();
    }
  }
  ~ReplicasRedis() override {
    StopAll({replicas_[0].get(), replicas_[1].get()});
    if (is_honest_) book_.ExpectHonest(site_.sandbox);
  }

  const Callee& first() const { return replicas_[0]->callee(); }
  const Callee& second() const { return replicas_[1]->callee(); }

  // A create that the upstream has and answers later.
  std::future<Told> BeginCreate(const std::string& id, milliseconds delay) {
    const std::uint64_t requests = site_.sandbox.counters(kSymphony).requests;
    site_.Delay(kSymphony, delay, 1);
    auto told = book_.Start(first(), id);
    EXPECT_TRUE(site_.WaitForRequests(kSymphony, requests + 1));
    return told;
  }

  // While Redis cannot be used.
  void ExpectNothingIsSent(const std::string& known) {
    for (const Callee& callee : {first(), second()}) {
      const Told told = book_.Call(callee, book_.NewRequestId());
      EXPECT_EQ(told.Row(), kNotSent) << told;
      EXPECT_EQ(book_.Call(callee, known).Row(), kNotSent);
      EXPECT_EQ(book_.CallWithoutId(callee).Row(), "OK");
    }
  }
  void ExpectAllIsWell(const std::string& known) {
    for (const Callee& callee : {first(), second()}) {
      EXPECT_TRUE(book_.AskUntilTold(callee, book_.NewRequestId()).ok);
      EXPECT_EQ(book_.AskUntilTold(callee, known).Row(), "OK replayed");
    }
  }

  ReplicaSite site_;
  std::unique_ptr<Replica> replicas_[2];
  CreatesBook book_{kSymphony, 3};
  bool is_honest_ = true;
};

TEST_F(ReplicasRedis, Stopped) {
  const std::string known = book_.NewRequestId();
  const std::string running = book_.NewRequestId();
  EXPECT_EQ(book_.Call(first(), known).Row(), "OK");
  auto told = BeginCreate(running, milliseconds(1500));
  site_.redis.Pause();
  ExpectNothingIsSent(known);
  EXPECT_EQ(told.get().Row(), "OK") << "a create that runs needs no Redis to tell its caller";
  site_.redis.Continue();
  ExpectAllIsWell(known);
  EXPECT_EQ(book_.AskUntilTold(second(), running).Row(), "OK replayed");
}

TEST_F(ReplicasRedis, RestartedWithItsData) {
  const std::string known = book_.NewRequestId();
  const std::string running = book_.NewRequestId();
  EXPECT_EQ(book_.Call(first(), known).Row(), "OK");
  auto told = BeginCreate(running, milliseconds(1500));
  site_.redis.Kill();
  ExpectNothingIsSent(known);
  site_.redis.Start();
  ExpectAllIsWell(known);
  const Told waited = book_.AskUntilTold(second(), running);
  EXPECT_EQ(told.get().Row(), "OK");
  EXPECT_EQ(waited.Row(), "OK replayed") << waited;
}

TEST_F(ReplicasRedis, AtMaxmemory) {
  const std::string known = book_.NewRequestId();
  const std::string running = book_.NewRequestId();
  const std::string refused = book_.NewRequestId();
  EXPECT_EQ(book_.Call(first(), known).Row(), "OK");
  auto told = BeginCreate(running, milliseconds(500));
  site_.redis.Ask({"CONFIG", "SET", "maxmemory", "1"});
  for (const Callee& callee : {first(), second()}) {
    const Told full = book_.Call(callee, refused);
    EXPECT_EQ(full.Row(), "RESOURCE_EXHAUSTED OVERLOADED not_sent") << full;
    EXPECT_EQ(book_.Call(callee, known).Row(), "OK replayed");
    EXPECT_EQ(book_.CallWithoutId(callee).Row(), "OK");
  }
  EXPECT_EQ(book_.Call(second(), running).Row(), "OK replayed") << "the end of what runs is written";
  EXPECT_EQ(told.get().Row(), "OK");
  site_.redis.Ask({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_EQ(book_.Call(second(), refused).Row(), "OK");
}

TEST_F(ReplicasRedis, TurnedReadOnly) {
  const std::string known = book_.NewRequestId();
  const std::string running = book_.NewRequestId();
  EXPECT_EQ(book_.Call(first(), known).Row(), "OK");
  auto told = BeginCreate(running, milliseconds(700));
  site_.redis.Ask({"REPLICAOF", "127.0.0.1", std::to_string(FreeLoopbackPort())});
  // What was connected may still read, and cannot claim.
  for (const Callee& callee : {first(), second()}) {
    EXPECT_EQ(book_.Call(callee, book_.NewRequestId()).Row(), kNotSent);
  }
  for (auto& replica : replicas_) {
    const std::string line = replica->WaitForLog("Redis is a replica, and the ledger needs the master");
    EXPECT_THAT(line, HasSubstr(R"("msg":"ledger_unusable")"));
  }
  ExpectNothingIsSent(known);
  EXPECT_EQ(told.get().Row(), "OK");
  site_.redis.Ask({"REPLICAOF", "NO", "ONE"});
  ExpectAllIsWell(known);
  EXPECT_EQ(book_.AskUntilTold(second(), running).Row(), "OK replayed");
}

class ReplicasEmptyRedis : public ReplicasRedis {
 protected:
  ReplicasEmptyRedis() : ReplicasRedis(std::vector<std::string>{}) {}
};

// The limit that no gateway can lift, in figures: what was remembered is forgotten and created again. What
// runs is written anew by its gateway, and not created again.
TEST_F(ReplicasEmptyRedis, RestartedForgetsWhatHadEndedAndNotWhatRuns) {
  is_honest_ = false;
  const std::string ended = book_.NewRequestId();
  const std::string running = book_.NewRequestId();
  const Told before = book_.Call(first(), ended);
  EXPECT_EQ(before.Row(), "OK");
  auto told = BeginCreate(running, milliseconds(500));
  site_.redis.Kill();
  site_.redis.Start();
  const Told made = told.get();
  EXPECT_EQ(made.Row(), "OK");
  EXPECT_TRUE(site_.WaitForEntry(running, true));
  const Told again = book_.AskUntilTold(second(), running);
  EXPECT_EQ(again.Row(), "OK replayed");
  EXPECT_EQ(again.made, made.made);
  EXPECT_EQ(site_.sandbox.counters(kSymphony).creates, 2u);

  const Told anew = book_.AskUntilTold(second(), ended);
  EXPECT_EQ(anew.Row(), "OK");
  EXPECT_NE(anew.made, before.made);
  EXPECT_EQ(site_.sandbox.counters(kSymphony).creates, 3u);
}

// The same at Qlik, where the row's id is the request's: nothing is created twice while the row is there.
TEST_F(ReplicasEmptyRedis, RestartedIsMadeUpForByQlikItself) {
  is_honest_ = false;
  CreatesBook rows(SandboxUpstream::kQlik, 4);
  const std::string id = rows.NewRequestId();
  const Told before = rows.Call(first(), id);
  EXPECT_EQ(before.Row(), "OK");
  site_.redis.Ask({"FLUSHALL"});
  const Told again = rows.Call(second(), id);
  EXPECT_EQ(again.Row(), "OK replayed") << again;
  EXPECT_EQ(again.made, before.made);
  rows.ExpectHonest(site_.sandbox);
}

TEST_F(ReplicasEmptyRedis, SlowIsNoFault) {
  ChaosProxy way({.upstream_port = 1});
  const std::string port = std::to_string(FreeLoopbackPort());
  RedisServer redis({"--port", port});
  way.SetUpstream(std::stoi(port));
  const auto plan = ParsePlan("request.delay=20 request.drip=256/1 answer.delay=20 answer.drip=64/1");
  way.SetPlan(std::get<ChaosPlan>(plan));
  const std::string address = "127.0.0.1:" + std::to_string(way.port());
  const auto slow = site_.Start({.redis = address});
  const auto fast = site_.Start({.redis = redis.address()});
  std::vector<std::future<Told>> all;
  for (int i = 0; i < 20; ++i) {
    const std::string id = book_.NewRequestId();
    all.push_back(book_.Start(slow->callee(), id));
    all.push_back(book_.Start(fast->callee(), id));
  }
  for (auto& one : all) {
    const Told told = one.get();
    EXPECT_TRUE(told.ok) << told;
  }
  EXPECT_EQ(site_.sandbox.counters(kSymphony).creates, 20u);
  StopAll({slow.get(), fast.get()});
}

}  // namespace
}  // namespace session_gateway
