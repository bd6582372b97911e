// The ledger while its Redis is gone, slow, stopped, full, read-only, or wrongly set up.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "tests/server/fake_redis.h"
#include "tests/server/redis_fixture.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr milliseconds kShort{500};

class RedisFaultsTest : public RedisLedgerTest {
 protected:
  static RedisConfig Impatient(const std::string& address) {
    RedisConfig config = Config(address);
    config.timeout = kShort;
    return config;
  }
  bool BecomesUsable(const RedisLedger& ledger) {
    return RunUntil([&] { return ledger.is_usable(); });
  }
};

TEST_F(RedisFaultsTest, WithoutAServerAClaimFailsAndWithOneItWorks) {
  RedisServer redis({});
  redis.Kill();
  RedisLedger& ledger = Make(Config(redis.address()));
  EXPECT_THAT(ClaimName(ledger, "k"), StartsWith("unreachable cannot connect"));
  const TimePoint before = clock_.Now();
  EXPECT_THAT(ClaimName(ledger, "k"), StartsWith("unreachable cannot connect"));
  EXPECT_LT(clock_.Now() - before, std::chrono::seconds(2)) << "between attempts nobody waits";
  redis.Start();
  EXPECT_TRUE(BecomesUsable(ledger));
  EXPECT_EQ(ClaimName(ledger, "k"), "claimed");
  EXPECT_EQ(problems_.size(), 2u) << "the same problem is reported once";
  EXPECT_EQ(problems_.back(), "");
}

TEST_F(RedisFaultsTest, WhatAnEmptiedServerForgotIsToldToItAgain) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  RedisLedger& other = Make(Config(redis.address()));
  LedgerClaim renewed = Hold(ledger, "renewed");
  const LedgerClaim remembered = Hold(ledger, "remembered");
  LedgerClaim taken = Hold(ledger, "taken");
  const LedgerClaim forgotten = Hold(ledger, "forgotten");
  EXPECT_TRUE(BecomesUsable(other));
  redis.Kill();
  EXPECT_TRUE(RunUntil([&] { return !ledger.is_usable() && !other.is_usable(); }));
  redis.Start();
  EXPECT_TRUE(BecomesUsable(ledger) && BecomesUsable(other));
  const LedgerClaim newer = Hold(other, "taken");
  EXPECT_GT(newer.fencing_token, taken.fencing_token);

  EXPECT_EQ(Renew(ledger, renewed), LedgerWrite::kDone);
  EXPECT_EQ(Remember(ledger, remembered, "end"), LedgerWrite::kDone);
  EXPECT_EQ(Renew(ledger, taken), LedgerWrite::kLost);
  EXPECT_EQ(Remember(ledger, taken, "stale"), LedgerWrite::kLost);
  EXPECT_EQ(Forget(ledger, taken), LedgerWrite::kLost);
  EXPECT_EQ(Forget(ledger, forgotten), LedgerWrite::kLost);

  EXPECT_EQ(ClaimName(other, "renewed"), "running");
  EXPECT_EQ(ClaimName(other, "renewed", ContentOf(2)), "other");
  EXPECT_EQ(ClaimName(other, "remembered"), "ended end");
  EXPECT_EQ(ClaimName(other, "remembered", ContentOf(2)), "other");
  EXPECT_EQ(ClaimName(ledger, "taken"), "running");
  EXPECT_EQ(Remember(other, newer, "right"), LedgerWrite::kDone);
}

TEST_F(RedisFaultsTest, ALeaseThatIsOverByItsHoldersClockIsNotWrittenAnew) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  LedgerClaim claim = Hold(ledger, "k");
  redis.Ask({"FLUSHALL"});
  claim.lease_end = clock_.Now();
  EXPECT_EQ(Renew(ledger, claim), LedgerWrite::kLost);
  EXPECT_EQ(ClaimName(ledger, "k"), "claimed");
}

TEST_F(RedisFaultsTest, WithItsFileAServerForgetsNothing) {
  RedisServer redis({"--appendonly", "yes", "--appendfsync", "always"});
  RedisLedger& ledger = Make(Config(redis.address()));
  LedgerClaim running = Hold(ledger, "running");
  const LedgerClaim ended = Hold(ledger, "ended");
  EXPECT_EQ(Remember(ledger, ended, "end"), LedgerWrite::kDone);
  redis.Kill();
  EXPECT_TRUE(RunUntil([&] { return !ledger.is_usable(); }));
  redis.Start();
  EXPECT_TRUE(BecomesUsable(ledger));
  EXPECT_EQ(ClaimName(ledger, "running"), "running");
  EXPECT_EQ(ClaimName(ledger, "ended"), "ended end");
  EXPECT_EQ(Renew(ledger, running), LedgerWrite::kDone);
  EXPECT_EQ(Remember(ledger, running, "late"), LedgerWrite::kDone);
}

TEST_F(RedisFaultsTest, AStoppedServerTimesOutOnceAndThenFailsAtOnce) {
  RedisServer redis({});
  RedisConfig config = Impatient(redis.address());
  RedisLedger& ledger = Make(config);
  EXPECT_TRUE(BecomesUsable(ledger));
  LedgerClaim held = Hold(ledger, "held");
  redis.Pause();
  TimePoint before = clock_.Now();
  EXPECT_EQ(ClaimName(ledger, "k"), "unreachable Redis does not answer in time");
  EXPECT_GE(clock_.Now() - before, kShort);
  before = clock_.Now();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ClaimName(ledger, "other"), "unreachable Redis does not answer");
  EXPECT_EQ(Renew(ledger, held), LedgerWrite::kUnreachable);
  EXPECT_EQ(Remember(ledger, held, "x"), LedgerWrite::kUnreachable);
  EXPECT_LT(clock_.Now() - before, kShort) << "nobody waits for a server that does not answer";
  redis.Continue();
  // The claim was made after all, and nobody may send for it: it is given back, not left to its lease.
  EXPECT_TRUE(RunUntil([&] {
    return redis.Ask({"EXISTS", "session-gateway:token"}).integer == 1 &&
           redis.Ask({"EXISTS", "session-gateway:once:k"}).integer == 0;
  }));
  EXPECT_TRUE(RunUntil([&] { return ClaimName(ledger, "k") == "claimed"; }));
  EXPECT_EQ(Renew(ledger, held), LedgerWrite::kDone);
}

TEST_F(RedisFaultsTest, AStopOfTheCallEndsItsClaimAndGivesItBack) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  EXPECT_TRUE(BecomesUsable(ledger));
  redis.Pause();
  const auto pending = StartClaim(ledger, "k");
  RunUntil([&, left = 3]() mutable { return left-- == 0; });
  EXPECT_FALSE(pending->result.has_value());
  pending->context.Stop(StopReason::kCancelled);
  EXPECT_EQ(Name(Finish(pending)), "unreachable the call has ended");
  const auto stopped = StartClaim(ledger, "never");
  stopped->context.Stop(StopReason::kDeadline);
  EXPECT_EQ(Name(Finish(stopped)), "unreachable the call has ended");
  redis.Continue();
  EXPECT_EQ(Hold(ledger, "other").key, "other");  // its answer comes behind the first one's
  EXPECT_EQ(ClaimName(ledger, "k"), "claimed");
  EXPECT_EQ(ClaimName(ledger, "never"), "claimed");
}

TEST_F(RedisFaultsTest, AClaimWhoseAnswerWasLostIsGivenBackOnALaterConnection) {
  RedisServer redis({});
  std::atomic<bool> swallow = false;
  std::atomic<bool> lose_return = true;
  FakeRedis between([&](const std::vector<std::string>& words, int) -> std::optional<FakeAnswer> {
    if (words[0] == "EVAL" && lose_return.exchange(false)) return FakeAnswer::End();
    const RedisReply reply = redis.Ask(words);
    if (words[0] == "EVALSHA" && swallow.exchange(false)) return FakeAnswer::End();
    return FakeAnswer{RespOf(reply)};
  });
  RedisLedger& ledger = Make(Config(between.address()));
  EXPECT_TRUE(BecomesUsable(ledger));
  swallow = true;
  EXPECT_EQ(ClaimName(ledger, "k"), "unreachable Redis has closed the connection");
  EXPECT_TRUE(RunUntil([&] { return redis.Ask({"EXISTS", "session-gateway:once:k"}).integer == 0; }));
  EXPECT_FALSE(lose_return) << "what was given back, and lost on the way, is given back again";
  EXPECT_TRUE(RunUntil([&] { return ClaimName(ledger, "k") == "claimed"; }));
  EXPECT_GE(between.server().accepted(), 3);
}

TEST_F(RedisFaultsTest, WhatIsGivenBackIsNobodyElsesClaim) {
  const std::string record = "session-gateway:once:k";
  const std::string others = "v1 running 7 0123456789abcdef-1 9999999999999 " + std::string(64, 'a') + "\n";
  RedisServer redis({});
  std::atomic<bool> swallow = false;
  std::atomic<bool> given_back = false;
  FakeRedis between([&](const std::vector<std::string>& words, int) -> std::optional<FakeAnswer> {
    const RedisReply reply = redis.Ask(words);
    if (words[0] == "EVAL") given_back = true;
    if (words[0] != "EVALSHA" || !swallow.exchange(false)) return FakeAnswer{RespOf(reply)};
    redis.Ask({"SET", record, others});
    return FakeAnswer::End();
  });
  RedisLedger& ledger = Make(Config(between.address()));
  EXPECT_TRUE(BecomesUsable(ledger));
  swallow = true;
  EXPECT_EQ(ClaimName(ledger, "k"), "unreachable Redis has closed the connection");
  EXPECT_TRUE(RunUntil([&] { return given_back.load(); }));
  EXPECT_EQ(redis.AskText({"GET", record}), others);
}

// Whatever the loop has come to when the call is stopped: nobody is handed a claim of which nobody knows.
TEST_F(RedisFaultsTest, AStopBetweenTheAnswerAndItsReaderGivesTheClaimBack) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  EXPECT_TRUE(BecomesUsable(ledger));
  int stopped_late = 0;
  for (int turns = 0; turns < 12; ++turns) {
    const std::string key = std::to_string(turns);
    const std::string record = "session-gateway:once:" + key;
    const auto pending = StartClaim(ledger, key);
    loop_.restart();
    loop_.run_one();  // sends
    EXPECT_TRUE(RunUntil([&] { return redis.Ask({"EXISTS", record}).integer == 1; }));
    for (int i = 0; i < turns; ++i) loop_.poll_one();
    const bool was_answered = pending->result.has_value();
    pending->context.Stop(StopReason::kCancelled);
    const std::string name = Name(Finish(pending));
    EXPECT_EQ(name, was_answered ? "claimed" : "unreachable the call has ended") << turns;
    if (was_answered) continue;
    ++stopped_late;
    EXPECT_TRUE(RunUntil([&] { return redis.Ask({"EXISTS", record}).integer == 0; })) << turns;
  }
  EXPECT_GT(stopped_late, 0);
}

TEST_F(RedisFaultsTest, AFullServerTakesNoClaimAndYetTheEndOfWhatBegan) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  LedgerClaim ended = Hold(ledger, "ended");
  const LedgerClaim forgotten = Hold(ledger, "forgotten");
  redis.Ask({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(ClaimName(ledger, "k"), "full");
  EXPECT_EQ(ClaimName(ledger, "ended"), "running");
  EXPECT_EQ(Renew(ledger, ended), LedgerWrite::kDone);
  EXPECT_EQ(Remember(ledger, ended, "end"), LedgerWrite::kDone);
  EXPECT_EQ(ClaimName(ledger, "ended"), "ended end");
  EXPECT_EQ(Forget(ledger, forgotten), LedgerWrite::kDone);
  redis.Ask({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_EQ(ClaimName(ledger, "k"), "claimed");
  EXPECT_EQ(problems_, std::vector<std::string>{""}) << "a full server is no lost one";
}

TEST_F(RedisFaultsTest, AServerThatBecomesAReplicaIsLeftAndTakenAgain) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  EXPECT_EQ(ClaimName(ledger, "a"), "claimed");
  redis.Ask({"REPLICAOF", "127.0.0.1", std::to_string(FreeLoopbackPort())});
  EXPECT_EQ(ClaimName(ledger, "b"), "unreachable Redis is a read-only replica");
  EXPECT_TRUE(RunUntil([&] { return problems_.size() == 3; }));
  EXPECT_EQ(problems_.back(), "Redis is a replica, and the ledger needs the master");
  EXPECT_EQ(ClaimName(ledger, "b"), "unreachable Redis is a replica, and the ledger needs the master");
  redis.Ask({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(BecomesUsable(ledger));
  EXPECT_EQ(ClaimName(ledger, "b"), "claimed");
}

TEST_F(RedisFaultsTest, AServerThatEvictsIsNotUsedUntilItStops) {
  RedisServer redis({"--maxmemory-policy", "allkeys-lru"});
  RedisLedger& ledger = Make(Config(redis.address()));
  EXPECT_THAT(ClaimName(ledger, "k"), HasSubstr("set its maxmemory-policy to noeviction"));
  EXPECT_EQ(redis.Ask({"DBSIZE"}).integer, 0);
  redis.Ask({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  EXPECT_TRUE(BecomesUsable(ledger));
  EXPECT_EQ(ClaimName(ledger, "k"), "claimed");
}

TEST_F(RedisFaultsTest, AWrongPasswordIsSaidAndARightOneTaken) {
  RedisServer redis({"--requirepass", "right-secret"});
  RedisLedger& none = Make(Config(redis.address()));
  EXPECT_THAT(ClaimName(none, "k"), HasSubstr("wants a password"));
  RedisLedger& ledger = Make(Config(redis.address()), Secret("wrong-secret"));
  EXPECT_EQ(ClaimName(ledger, "k"), "unreachable AUTH: Redis refuses the user or the password");
  ledger.SetPassword(Secret("right-secret"));
  EXPECT_TRUE(BecomesUsable(ledger));
  EXPECT_EQ(ClaimName(ledger, "k"), "claimed");
  EXPECT_THAT(problems_, Not(Contains(HasSubstr("secret"))));
}

TEST_F(RedisFaultsTest, AUserNeedsNoMoreThanTheDocumentationSays) {
  RedisServer redis({"--port", std::to_string(FreeLoopbackPort())});
  redis.Ask({"ACL", "SETUSER", "gateway", "on", ">pw", "~session-gateway:*", "+get", "+set", "+del", "+time",
             "+eval", "+evalsha", "+script|load", "+info", "+select"});
  RedisConfig config = Config(redis.address());
  config.user = "gateway";
  config.database = 3;
  RedisLedger& ledger = Make(config, Secret("pw"));
  LedgerClaim claim = Hold(ledger, "k");
  EXPECT_EQ(Renew(ledger, claim), LedgerWrite::kDone);
  EXPECT_EQ(Remember(ledger, claim, "end"), LedgerWrite::kDone);
  EXPECT_EQ(ClaimName(ledger, "k"), "ended end");
  EXPECT_EQ(Forget(ledger, Hold(ledger, "f")), LedgerWrite::kDone);
  EXPECT_EQ(redis.Ask({"DBSIZE"}).integer, 0) << "all of it is in the third database";

  redis.Ask({"ACL", "SETUSER", "gateway", "-set"});
  EXPECT_EQ(ClaimName(ledger, "x"), "unreachable the access list of Redis does not let this user do that");
  redis.Ask({"ACL", "SETUSER", "gateway", "-info"});
  EXPECT_THAT(ClaimName(Make(config, Secret("pw")), "x"),
              StartsWith("unreachable INFO: the access list of Redis"));
}

TEST_F(RedisFaultsTest, AServerIsReachedByTcpAndByName) {
  const std::string port = std::to_string(FreeLoopbackPort());
  RedisServer redis({"--port", port});
  EXPECT_EQ(ClaimName(Make(Config("127.0.0.1:" + port)), "k"), "claimed");
  EXPECT_EQ(ClaimName(Make(Config("localhost:" + port)), "k"), "running");
}

TEST_F(RedisFaultsTest, AServerThatIsBusyWithAScriptIsUnreachable) {
  RedisServer redis({"--lua-time-limit", "1"});
  RedisLedger& ledger = Make(Config(redis.address()));
  EXPECT_EQ(ClaimName(ledger, "a"), "claimed");
  std::thread endless([&] { redis.Ask({"EVAL", "while true do end", "0"}); });
  std::string name;
  EXPECT_TRUE(RunUntil([&] { return (name = ClaimName(ledger, "b")) != "running" && name != "claimed"; }));
  EXPECT_EQ(name, "unreachable Redis is busy with a script that does not end");
  redis.Ask({"SCRIPT", "KILL"});
  endless.join();
  EXPECT_TRUE(RunUntil([&] { return !ClaimName(ledger, "b").starts_with("unreachable"); }));
}

TEST_F(RedisFaultsTest, OperationsUnderWayAreBounded) {
  RedisServer redis({});
  RedisConfig config = Config(redis.address());
  config.operations = 2;
  RedisLedger& ledger = Make(config);
  EXPECT_TRUE(BecomesUsable(ledger));
  const LedgerClaim held = Hold(ledger, "held");
  redis.Pause();
  const auto first = StartClaim(ledger, "a");
  const auto second = StartClaim(ledger, "b");
  EXPECT_EQ(ClaimName(ledger, "c"), "unreachable too many operations wait for Redis");
  const auto ended = Start(ledger.Remember(held, "end"));
  const auto again = Start(ledger.Remember(held, "end"));
  EXPECT_EQ(Remember(ledger, held, "end"), LedgerWrite::kUnreachable) << "twice as many, and no more";
  redis.Continue();
  EXPECT_EQ(Name(Finish(first)), "claimed");
  EXPECT_EQ(Name(Finish(second)), "claimed");
  EXPECT_EQ(Finish(ended), LedgerWrite::kDone);
  EXPECT_EQ(Finish(again), LedgerWrite::kDone);
}

TEST_F(RedisFaultsTest, OperationsThatWaitForTheConnectionAreBoundedAndStopped) {
  RedisServer redis({});
  redis.Pause();
  RedisConfig config = Config(redis.address());
  config.operations = 2;
  RedisLedger& ledger = Make(config);
  const auto first = StartClaim(ledger, "a");
  const auto second = StartClaim(ledger, "b");
  EXPECT_EQ(ClaimName(ledger, "c"), "unreachable Redis is not connected yet");
  second->context.Stop(StopReason::kCancelled);
  EXPECT_THAT(Name(Finish(second)), StartsWith("unreachable"));
  redis.Continue();
  EXPECT_EQ(Name(Finish(first)), "claimed");
  EXPECT_EQ(redis.Ask({"EXISTS", "session-gateway:once:b"}).integer, 0);
}

TEST_F(RedisFaultsTest, CloseEndsWhatIsUnderWay) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  EXPECT_TRUE(BecomesUsable(ledger));
  redis.Pause();
  const auto claim = StartClaim(ledger, "a");
  RedisLedger& connecting = Make(Config(redis.address()));
  const auto waiting = StartClaim(connecting, "b");
  RunUntil([&, left = 3]() mutable { return left-- == 0; });
  ledger.Close();
  connecting.Close();
  EXPECT_EQ(Name(Finish(claim)), "unreachable the ledger is closed");
  EXPECT_EQ(Name(Finish(waiting)), "unreachable the ledger is closed");
  loop_.restart();
  loop_.run();  // ends, for nothing is left to wait for
  EXPECT_EQ(ClaimName(ledger, "c"), "unreachable the ledger is closed");
  EXPECT_THAT(problems_, Not(Contains(HasSubstr("closed")))) << "a close is no problem of Redis";
}

}  // namespace
}  // namespace session_gateway
