// The ledger in memory: what it remembers, what it forgets, and what it refuses when it is full.
#include "server/ledger/memory_ledger.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/server/ledger_testing.h"

namespace session_gateway {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class MemoryLedgerTest : public testing::Test {
 protected:
  LedgerWrite Remember(const LedgerClaim& claim, std::string ending) {
    return RunTask(ledger().Remember(claim, std::move(ending)));
  }
  LedgerWrite Forget(const LedgerClaim& claim) { return RunTask(ledger().Forget(claim)); }
  LedgerWrite Renew(LedgerClaim& claim) { return RunTask(ledger().Renew(claim)); }

  void Run(const std::string& key, const std::string& ending) {
    EXPECT_EQ(Remember(ClaimFree(ledger(), key, ContentOf(1)), ending), LedgerWrite::kDone);
  }
  std::optional<std::string> Ending(const std::string& key) {
    const ClaimResult result = Claim(ledger(), key, ContentOf(1));
    const auto* const ended = std::get_if<LedgerEnded>(&result);
    if (const auto* claim = std::get_if<LedgerClaim>(&result)) Forget(*claim);
    return ended == nullptr ? std::nullopt : std::optional(ended->ending);
  }
  bool IsFull(const std::string& key) {
    return std::holds_alternative<LedgerFull>(Claim(ledger(), key, ContentOf(1)));
  }
  MemoryLedger& ledger() {
    if (!ledger_) ledger_.emplace(clock_, bounds_);
    return *ledger_;
  }

  HandedClock clock_;
  MemoryLedgerBounds bounds_;
  std::optional<MemoryLedger> ledger_;
};

TEST_F(MemoryLedgerTest, OneKeyIsClaimedOnce) {
  const LedgerClaim claim = ClaimFree(ledger(), "a", ContentOf(1));
  EXPECT_EQ(claim.lease_end, TimePoint::max());
  EXPECT_EQ(ledger().renew_every(), Duration::max());
  EXPECT_TRUE(std::holds_alternative<LedgerRunning>(Claim(ledger(), "a", ContentOf(1))));
  EXPECT_TRUE(std::holds_alternative<LedgerOtherContent>(Claim(ledger(), "a", ContentOf(2))));
  EXPECT_EQ(Remember(claim, "end"), LedgerWrite::kDone);
  EXPECT_EQ(Ending("a"), "end");
  EXPECT_TRUE(std::holds_alternative<LedgerOtherContent>(Claim(ledger(), "a", ContentOf(2))));
  EXPECT_NE(ClaimFree(ledger(), "b", ContentOf(2)).fencing_token, claim.fencing_token);
}

TEST_F(MemoryLedgerTest, AForgottenKeyIsFree) {
  const LedgerClaim claim = ClaimFree(ledger(), "a", ContentOf(1));
  EXPECT_EQ(Forget(claim), LedgerWrite::kDone);
  EXPECT_EQ(ledger().entries(), 0u);
  EXPECT_EQ(ledger().bytes(), 0u);
  EXPECT_GT(ClaimFree(ledger(), "a", ContentOf(2)).fencing_token, claim.fencing_token);
}

TEST_F(MemoryLedgerTest, OnlyTheHolderOfAClaimEndsIt) {
  LedgerClaim first = ClaimFree(ledger(), "a", ContentOf(1));
  EXPECT_EQ(Renew(first), LedgerWrite::kDone);
  Forget(first);
  const LedgerClaim second = ClaimFree(ledger(), "a", ContentOf(1));
  EXPECT_EQ(Renew(first), LedgerWrite::kLost);
  EXPECT_EQ(Remember(first, "late"), LedgerWrite::kLost);
  EXPECT_EQ(Forget(first), LedgerWrite::kLost);
  EXPECT_EQ(Remember(second, "end"), LedgerWrite::kDone);
  EXPECT_EQ(Remember(second, "again"), LedgerWrite::kLost);
  EXPECT_EQ(Forget(second), LedgerWrite::kLost);
  EXPECT_EQ(Ending("a"), "end");
}

TEST_F(MemoryLedgerTest, WhatHasEndedCanBeAmended) {
  const auto amend = [this](const std::string& key, std::uint8_t content, std::string ending) {
    return RunTask(ledger().Amend(key, ContentOf(content), std::move(ending)));
  };
  const LedgerClaim claim = ClaimFree(ledger(), "a", ContentOf(1));
  EXPECT_EQ(amend("a", 1, "more"), LedgerWrite::kLost) << "it still runs";
  Remember(claim, "unknown");
  EXPECT_EQ(amend("a", 2, "more"), LedgerWrite::kLost);
  EXPECT_EQ(amend("b", 1, "more"), LedgerWrite::kLost);
  clock_.Advance(hours(23));
  EXPECT_EQ(amend("a", 1, "done and longer"), LedgerWrite::kDone);
  EXPECT_EQ(Ending("a"), "done and longer");
  EXPECT_EQ(ledger().bytes(), MemoryLedger::kEntryBytes + 1 + 15);
  clock_.Advance(hours(1));
  EXPECT_EQ(Ending("a"), std::nullopt) << "its age goes on";
  EXPECT_EQ(ledger().bytes(), 0u);
}

TEST_F(MemoryLedgerTest, AgeCountsFromTheEnd) {
  const LedgerClaim claim = ClaimFree(ledger(), "a", ContentOf(1));
  clock_.Advance(hours(48));
  EXPECT_TRUE(std::holds_alternative<LedgerRunning>(Claim(ledger(), "a", ContentOf(1))));
  Remember(claim, "end");
  clock_.Advance(hours(24) - seconds(1));
  EXPECT_EQ(Ending("a"), "end");
  clock_.Advance(seconds(1));
  EXPECT_EQ(Ending("a"), std::nullopt);
}

TEST_F(MemoryLedgerTest, WhatIsOverGoesWithoutBeingAskedFor) {
  for (int i = 0; i < 100; ++i) Run(std::to_string(i), "end");
  clock_.Advance(hours(24));
  // Each operation drops a few, so that those who come are outnumbered.
  for (int i = 0; i < 50; ++i) Run("new" + std::to_string(i), "end");
  EXPECT_EQ(ledger().entries(), 50u);
}

TEST_F(MemoryLedgerTest, TheOldestEndMakesRoom) {
  bounds_.entries = 3;
  const LedgerClaim first = ClaimFree(ledger(), "first", ContentOf(1));
  Run("second", "2");
  clock_.Advance(seconds(1));
  Remember(first, "1");
  Run("third", "3");
  clock_.Advance(minutes(2));
  Run("fourth", "4");
  EXPECT_EQ(Ending("second"), std::nullopt);
  EXPECT_EQ(Ending("first"), std::nullopt);  // to ask for "second" took its place
  EXPECT_EQ(Ending("fourth"), "4");
}

TEST_F(MemoryLedgerTest, NothingYoungAndNothingRunningMakesRoom) {
  bounds_.entries = 2;
  const LedgerClaim running = ClaimFree(ledger(), "running", ContentOf(1));
  Run("ended", "end");
  clock_.Advance(minutes(2) - seconds(1));
  EXPECT_TRUE(IsFull("new"));
  EXPECT_EQ(Ending("ended"), "end");
  clock_.Advance(seconds(1));
  Run("new", "end");
  EXPECT_EQ(ledger().entries(), 2u);
  clock_.Advance(hours(1));
  EXPECT_FALSE(IsFull("newer"));
  EXPECT_TRUE(IsFull("newest"));  // two are running
  EXPECT_EQ(Remember(running, "end"), LedgerWrite::kDone);
}

TEST_F(MemoryLedgerTest, BytesAreBounded) {
  bounds_.bytes = 4 * (MemoryLedger::kEntryBytes + 1) + 100;
  Run("a", std::string(60, 'x'));
  Run("b", std::string(60, 'x'));  // over the bound with it, and kept
  EXPECT_EQ(ledger().bytes(), 2 * (MemoryLedger::kEntryBytes + 1) + 120);
  Run("c", "");
  EXPECT_TRUE(IsFull("d"));
  clock_.Advance(minutes(2));
  EXPECT_FALSE(IsFull("d"));
  EXPECT_EQ(Ending("b"), std::string(60, 'x'));
  EXPECT_LE(ledger().bytes(), bounds_.bytes);
}

TEST_F(MemoryLedgerTest, AnEndThatIsOverTheBoundPushesOldOnesOut) {
  bounds_.bytes = 4 * MemoryLedger::kEntryBytes;
  Run("a", "1");
  Run("b", "2");
  const LedgerClaim claim = ClaimFree(ledger(), "c", ContentOf(1));
  clock_.Advance(minutes(2));
  EXPECT_EQ(Remember(claim, std::string(3 * MemoryLedger::kEntryBytes, 'x')), LedgerWrite::kDone);
  EXPECT_EQ(ledger().entries(), 1u);
  EXPECT_TRUE(IsFull("a"));
}

}  // namespace
}  // namespace session_gateway
