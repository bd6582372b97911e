// The ledger in Redis: every way that an entry can go, by one gateway and by two.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/server/redis_fixture.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using testing::StartsWith;

constexpr char kRecord[] = "session-gateway:once:k";

TEST_F(RedisLedgerTest, AKeyIsClaimedOnceAndItsEndingRemembered) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  const LedgerClaim claim = Hold(ledger, "k");
  EXPECT_EQ(claim.key, "k");
  EXPECT_GT(claim.fencing_token, 0u);
  EXPECT_EQ(ClaimName(ledger, "k"), "running");
  EXPECT_EQ(ClaimName(ledger, "k", ContentOf(2)), "other");
  EXPECT_EQ(Remember(ledger, claim, "the end"), LedgerWrite::kDone);
  EXPECT_EQ(ClaimName(ledger, "k"), "ended the end");
  EXPECT_EQ(ClaimName(ledger, "k", ContentOf(2)), "other");
  EXPECT_EQ(ClaimName(ledger, "another"), "claimed");
}

TEST_F(RedisLedgerTest, AnEndingIsAnyBytes) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  std::string bytes(100'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7);
  for (const std::string& ending : {std::string(), std::string("\n\r\0v1 ", 6), bytes}) {
    const std::string key = "k" + std::to_string(ending.size());
    EXPECT_EQ(Remember(ledger, Hold(ledger, key), ending), LedgerWrite::kDone);
    EXPECT_EQ(ClaimName(ledger, key), "ended " + ending);
  }
}

TEST_F(RedisLedgerTest, AForgottenKeyIsClaimedAgainWithAnyContentAndAHigherToken) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  const LedgerClaim first = Hold(ledger, "k");
  EXPECT_EQ(Forget(ledger, first), LedgerWrite::kDone);
  EXPECT_EQ(redis.Ask({"EXISTS", kRecord}).integer, 0);
  const LedgerClaim second = Hold(ledger, "k", ContentOf(2));
  EXPECT_GT(second.fencing_token, first.fencing_token);
  EXPECT_EQ(Forget(ledger, first), LedgerWrite::kLost);
  EXPECT_EQ(Remember(ledger, first, "late"), LedgerWrite::kLost);
  LedgerClaim stale = first;
  EXPECT_EQ(Renew(ledger, stale), LedgerWrite::kLost);
  EXPECT_EQ(ClaimName(ledger, "k", ContentOf(2)), "running");
  EXPECT_EQ(Remember(ledger, second, "right"), LedgerWrite::kDone);
  EXPECT_EQ(ClaimName(ledger, "k", ContentOf(2)), "ended right");
}

TEST_F(RedisLedgerTest, OfTwoGatewaysAtOnceExactlyOneClaims) {
  RedisServer redis({});
  RedisLedger* ledgers[] = {&Make(Config(redis.address())), &Make(Config(redis.address()))};
  int claimed_by[] = {0, 0};
  for (int round = 0; round < 300; ++round) {
    const std::string key = std::to_string(round);
    std::shared_ptr<Pending<ClaimResult>> pending[4];
    for (int i = 0; i < 4; ++i) pending[i] = StartClaim(*ledgers[(i + round) % 2], key);
    int claims = 0;
    for (int i = 0; i < 4; ++i) {
      const std::string name = Name(Finish(pending[i]));
      if (name == "claimed") {
        ++claims;
        ++claimed_by[(i + round) % 2];
      } else {
        EXPECT_EQ(name, "running");
      }
    }
    ASSERT_EQ(claims, 1) << round;
  }
  EXPECT_GT(claimed_by[0], 0);
  EXPECT_GT(claimed_by[1], 0);
}

TEST_F(RedisLedgerTest, AnEntryWhoseLeaseHasEndedIsDeadForItsTime) {
  RedisServer redis({});
  RedisConfig config = Config(redis.address());
  config.lease = milliseconds(50);
  RedisLedger& ledger = Make(config, {}, std::chrono::minutes(5));
  const LedgerClaim claim = Hold(ledger, "k");
  EXPECT_TRUE(RunUntil([&] { return ClaimName(ledger, "k") == "died"; }));
  EXPECT_EQ(ClaimName(ledger, "k", ContentOf(2)), "other");
  EXPECT_EQ(ClaimName(Make(config), "k"), "died") << "another gateway";
  const auto kept = milliseconds(redis.Ask({"PTTL", kRecord}).integer);
  EXPECT_GT(kept, std::chrono::minutes(4));
  EXPECT_LE(kept, std::chrono::minutes(5));
  LedgerClaim late = claim;
  EXPECT_EQ(Renew(ledger, late), LedgerWrite::kLost) << "others have been told that it died";
  EXPECT_EQ(late.lease_end, claim.lease_end);
  EXPECT_EQ(Remember(ledger, claim, "late"), LedgerWrite::kDone) << "nobody came after it";
  EXPECT_EQ(ClaimName(ledger, "k"), "ended late");
}

TEST_F(RedisLedgerTest, WhatHasEndedOrDiedCanBeAmended) {
  RedisServer redis({});
  RedisConfig config = Config(redis.address());
  config.lease = milliseconds(200);
  RedisLedger& ledger = Make(config, {}, std::chrono::minutes(5));
  const auto amend = [&](const std::string& key, std::uint8_t content, const std::string& ending) {
    return Finish(Start(ledger.Amend(key, ContentOf(content), ending)));
  };
  EXPECT_EQ(amend("k", 1, "row"), LedgerWrite::kLost) << "there is none";
  const LedgerClaim claim = Hold(ledger, "k");
  EXPECT_EQ(amend("k", 1, "row"), LedgerWrite::kLost) << "it still runs";
  EXPECT_TRUE(RunUntil([&] { return ClaimName(ledger, "k") == "died"; }));
  EXPECT_EQ(amend("k", 2, "row"), LedgerWrite::kLost) << "another content";
  EXPECT_EQ(amend("k", 1, "row"), LedgerWrite::kDone);
  EXPECT_EQ(ClaimName(ledger, "k"), "ended row");
  EXPECT_EQ(ClaimName(ledger, "k", ContentOf(2)), "other");
  EXPECT_EQ(Forget(ledger, claim), LedgerWrite::kLost) << "what is there is not forgotten";
  EXPECT_EQ(amend("k", 1, "row, again"), LedgerWrite::kDone);
  EXPECT_EQ(ClaimName(ledger, "k"), "ended row, again");
  EXPECT_EQ(Remember(ledger, claim, "late"), LedgerWrite::kDone) << "nobody came after it";
}

TEST_F(RedisLedgerTest, ADeadEntryIsFreeOnceItsLateHolderForgetsIt) {
  RedisServer redis({});
  RedisConfig config = Config(redis.address());
  config.lease = milliseconds(50);
  RedisLedger& ledger = Make(config);
  const LedgerClaim claim = Hold(ledger, "k");
  EXPECT_TRUE(RunUntil([&] { return ClaimName(ledger, "k") == "died"; }));
  EXPECT_EQ(Forget(ledger, claim), LedgerWrite::kDone);
  EXPECT_EQ(ClaimName(ledger, "k"), "claimed");
}

TEST_F(RedisLedgerTest, ALeaseIsRenewedAndCountedFromBeforeItWasAskedFor) {
  RedisServer redis({});
  RedisConfig config = Config(redis.address());
  config.lease = milliseconds(400);
  RedisLedger& ledger = Make(config);
  EXPECT_EQ(ledger.renew_every(), milliseconds(400) / 3);
  EXPECT_TRUE(RunUntil([&] { return ledger.is_usable(); }));
  const TimePoint before = clock_.Now();
  LedgerClaim claim = Hold(ledger, "k");
  EXPECT_GE(claim.lease_end, before + config.lease);
  EXPECT_LE(claim.lease_end, clock_.Now() + config.lease);
  const TimePoint first_end = claim.lease_end;
  // Well beyond what one lease would have covered.
  TimePoint renewed = before;
  while (clock_.Now() < first_end + config.lease) {
    if (clock_.Now() - renewed > ledger.renew_every()) {
      renewed = clock_.Now();
      ASSERT_EQ(Renew(ledger, claim), LedgerWrite::kDone);
      ASSERT_LE(claim.lease_end, clock_.Now() + config.lease);
    }
    ASSERT_EQ(ClaimName(ledger, "k"), "running");
  }
  EXPECT_GT(claim.lease_end, first_end);
}

TEST_F(RedisLedgerTest, WhatIsRememberedIsKeptForTheRetention) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()), {}, milliseconds(200));
  const LedgerClaim claim = Hold(ledger, "k");
  EXPECT_EQ(Remember(ledger, claim, "end"), LedgerWrite::kDone);
  EXPECT_EQ(ClaimName(ledger, "k"), "ended end");
  EXPECT_TRUE(RunUntil([&] { return ClaimName(ledger, "k") == "claimed"; }));
}

TEST_F(RedisLedgerTest, RememberIsRepeatedSafelyAndItsLastWordCounts) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  LedgerClaim claim = Hold(ledger, "k");
  EXPECT_EQ(Remember(ledger, claim, "unknown"), LedgerWrite::kDone);
  EXPECT_EQ(Remember(ledger, claim, "done"), LedgerWrite::kDone);
  EXPECT_EQ(ClaimName(ledger, "k"), "ended done");
  EXPECT_EQ(Forget(ledger, claim), LedgerWrite::kLost) << "what is remembered is not forgotten";
  EXPECT_EQ(Renew(ledger, claim), LedgerWrite::kLost);
  EXPECT_EQ(ClaimName(ledger, "k"), "ended done");
}

TEST_F(RedisLedgerTest, ARecordOfANewerGatewayIsRefusedAndNeverOverwritten) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  LedgerClaim claim = Hold(ledger, "k");
  const std::string newer = "v2 something else entirely";
  redis.Ask({"SET", kRecord, newer});
  EXPECT_THAT(ClaimName(ledger, "k"), StartsWith("unreachable the entry was written by a newer gateway"));
  EXPECT_EQ(Renew(ledger, claim), LedgerWrite::kUnreachable);
  EXPECT_EQ(Remember(ledger, claim, "x"), LedgerWrite::kUnreachable);
  EXPECT_EQ(Forget(ledger, claim), LedgerWrite::kUnreachable);
  EXPECT_EQ(redis.AskText({"GET", kRecord}), newer);
  for (const char* foreign :
       {"", "x", "v", "v1", "v1 running", "v1 running 1 h x 0\n", "w1 running 1 h 0 a\n"}) {
    redis.Ask({"SET", kRecord, foreign});
    EXPECT_THAT(ClaimName(ledger, "k"), StartsWith("unreachable a key of the ledger holds")) << foreign;
    EXPECT_EQ(redis.AskText({"GET", kRecord}), foreign);
  }
  redis.Ask({"DEL", kRecord});
  redis.Ask({"LPUSH", kRecord, "x"});
  EXPECT_THAT(ClaimName(ledger, "k"), StartsWith("unreachable a key of the ledger holds"));
}

TEST_F(RedisLedgerTest, ARecordIsOneLineThatPeopleCanRead) {
  RedisServer redis({});
  RedisConfig config = Config(redis.address());
  config.prefix = "site-7/";
  RedisLedger& ledger = Make(config);
  const LedgerClaim claim = Hold(ledger, "k");
  const std::string token = std::to_string(claim.fencing_token);
  EXPECT_THAT(redis.AskText({"GET", "site-7/once:k"}),
              testing::MatchesRegex("v1 running " + token + " [0-9a-f]{16}-1 [0-9]{13} 01[0-9a-f]{60}a5\n"));
  EXPECT_EQ(redis.AskText({"GET", "site-7/token"}), token);
  EXPECT_EQ(Remember(ledger, claim, "end"), LedgerWrite::kDone);
  EXPECT_THAT(redis.AskText({"GET", "site-7/once:k"}),
              testing::MatchesRegex("v1 ended " + token + " [0-9a-f]{16}-1 0 01[0-9a-f]{60}a5\nend"));
  EXPECT_EQ(redis.Ask({"DBSIZE"}).integer, 2);
}

TEST_F(RedisLedgerTest, TokensGrowWhateverTheClockSays) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  // As if the clock of Redis had been far ahead, and was set back.
  redis.Ask({"SET", "session-gateway:token", "4000000000000000"});
  EXPECT_EQ(Hold(ledger, "a").fencing_token, 4000000000000001u);
  EXPECT_EQ(Hold(ledger, "b").fencing_token, 4000000000000002u);
  // As if it had lost its data.
  redis.Ask({"FLUSHALL"});
  const std::uint64_t first = Hold(ledger, "a").fencing_token;
  EXPECT_GT(first, 1'600'000'000'000'000u);
  EXPECT_GT(Hold(ledger, "b").fencing_token, first);
}

TEST_F(RedisLedgerTest, AForgottenScriptIsLoadedAgain) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  LedgerClaim claim = Hold(ledger, "k");
  redis.Ask({"SCRIPT", "FLUSH"});
  EXPECT_EQ(Renew(ledger, claim), LedgerWrite::kDone);
  redis.Ask({"SCRIPT", "FLUSH"});
  EXPECT_EQ(ClaimName(ledger, "k"), "running");
  redis.Ask({"SCRIPT", "FLUSH"});
  EXPECT_EQ(Remember(ledger, claim, "end"), LedgerWrite::kDone);
  EXPECT_EQ(problems_, std::vector<std::string>{""});
}

TEST_F(RedisLedgerTest, AnEndingBeyondItsBoundIsNotTaken) {
  RedisServer redis({});
  RedisLedger& ledger = Make(Config(redis.address()));
  const LedgerClaim claim = Hold(ledger, "k");
  EXPECT_EQ(Remember(ledger, claim, std::string(kRedisEndingBytesMax + 1, 'x')), LedgerWrite::kUnreachable);
  EXPECT_EQ(ClaimName(ledger, "k"), "running");
  EXPECT_EQ(Remember(ledger, claim, std::string(kRedisEndingBytesMax, 'x')), LedgerWrite::kDone);
  EXPECT_EQ(ClaimName(ledger, "k").size(), 6 + kRedisEndingBytesMax);
}

}  // namespace
}  // namespace session_gateway
