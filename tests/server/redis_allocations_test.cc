// Each allocation of an operation of the ledger in Redis fails once: it ends, nobody gets another's answer,
// and the next operations work. And whatever is thrown between two connections, the next one comes.
//
// One turn of the loop at a time is looked at. The last allocations of a turn that ends in a wait are left
// out: Boost 1.74 ends the program when there is no memory for a wait that a coroutine begins.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <string>
#include <vector>

#include "tests/server/redis_fixture.h"
#include "tests/steps/failing_new.h"

namespace session_gateway {
namespace {

using testing::AnyOf;
using testing::StartsWith;

constexpr int kAllocationsOfTheWait = 2;
constexpr int kTurnsMax = 30;
// Longer than what a text holds without memory of its own.
const std::string kEnding = "an ending that is longer than a short text " + std::string(300, 'x');

class RedisAllocationsTest : public RedisLedgerTest {
 protected:
  RedisAllocationsTest() : ledger_(Make(Config(redis_.address()))), other_(Make(Config(redis_.address()))) {
    EXPECT_TRUE(RunUntil([this] { return ledger_.is_usable() && other_.is_usable(); }));
    Remember(ledger_, Hold(ledger_, "ended"), kEnding);
    running_ = Hold(ledger_, "running");
  }

  // Runs the loop until `ended`, and lets one allocation fail: that with this number (from 1; 0: none) of
  // this turn. Returns how many each turn had, until the one that fails.
  std::vector<int> RunTurns(const std::function<bool()>& ended, int turn, int number) {
    std::vector<int> counts;
    const auto end = std::chrono::steady_clock::now() + kPatience;
    loop_.restart();
    while (!ended() && std::chrono::steady_clock::now() < end) {
      const bool is_the_one = static_cast<int>(counts.size()) == turn;
      BeginAllocations(is_the_one ? number : 0);
      CountAllocationsHere(true);
      std::size_t turns = 0;
      try {
        turns = loop_.run_one_for(std::chrono::milliseconds(5));
      } catch (const std::exception& exception) {
        CountAllocationsHere(false);
        ADD_FAILURE() << "an exception leaves the loop: " << exception.what();
      }
      CountAllocationsHere(false);
      const AllocationReport report = EndAllocations();
      if (turns > 0) {
        counts.push_back(report.all);
        if (is_the_one && report.met) ++failed_;
      } else {
        loop_.restart();
      }
    }
    EXPECT_TRUE(ended()) << "the operation does not end";
    return counts;
  }

  // A new connection is as any other, and what stands in Redis is what was said.
  void ExpectAllIsWell() {
    EXPECT_TRUE(RunUntil([this] { return ledger_.is_usable(); }));
    EXPECT_EQ(ClaimName(ledger_, "ended"), "ended " + kEnding);
    EXPECT_EQ(ClaimName(ledger_, "running", ContentOf(2)), "other");
    EXPECT_EQ(Renew(ledger_, running_), LedgerWrite::kDone);
    EXPECT_EQ(ClaimName(ledger_, "running"), "running");
  }

  // `run` does one operation and lets the allocation fail.
  void FailEach(const std::function<std::vector<int>(int turn, int number)>& run) {
    run(0, 0);
    const std::vector<int> counts = run(0, 0);
    ASSERT_LT(counts.size(), kTurnsMax);
    for (std::size_t turn = 0; turn < counts.size(); ++turn) {
      const bool waits = turn + 1 < counts.size();
      for (int number = 1; number <= counts[turn] - (waits ? kAllocationsOfTheWait : 0); ++number) {
        SCOPED_TRACE(std::to_string(turn) + ":" + std::to_string(number));
        run(static_cast<int>(turn), number);
        ExpectAllIsWell();
        run(0, 0);  // so that the next one finds the same free pieces of memory
      }
    }
    RecordProperty("failures", failed_);
    EXPECT_GE(failed_, 5);
  }

  std::string NextKey() { return "a key that is longer than a short text " + std::to_string(++keys_); }

  RedisServer redis_{{}};
  RedisLedger& ledger_;
  RedisLedger& other_;
  LedgerClaim running_;
  int keys_ = 0;
  int failed_ = 0;
};

TEST_F(RedisAllocationsTest, OfAClaim) {
  const ContentHash content = ContentOf(1);
  const std::string ended = "ended";
  FailEach([&](int turn, int number) {
    const std::string key = NextKey();
    auto pending = std::make_shared<Pending<ClaimResult>>(TimePoint::max());
    Start(ledger_.Claim(key, content, pending->context), pending);
    auto behind = std::make_shared<Pending<ClaimResult>>(TimePoint::max());
    Start(ledger_.Claim(ended, content, behind->context), behind);
    auto counts = RunTurns([&] { return pending->result.has_value(); }, turn, number);
    const std::string name = Name(Finish(pending));
    EXPECT_THAT(Name(Finish(behind)), AnyOf("ended " + kEnding, StartsWith("unreachable")));
    // One that was not answered may have been made, and is given back, or left to its lease.
    if (name == "claimed") {
      EXPECT_EQ(ClaimName(other_, key), "running");
    } else {
      EXPECT_THAT(name, StartsWith("unreachable"));
      EXPECT_THAT(ClaimName(other_, key), AnyOf("claimed", "running"));
    }
    if (number == 0) {
      EXPECT_EQ(name, "claimed");
    }
    return counts;
  });
}

TEST_F(RedisAllocationsTest, OfAQuestionForAnEnding) {
  const ContentHash content = ContentOf(1);
  const std::string key = "ended";
  FailEach([&](int turn, int number) {
    auto pending = std::make_shared<Pending<ClaimResult>>(TimePoint::max());
    Start(ledger_.Claim(key, content, pending->context), pending);
    auto counts = RunTurns([&] { return pending->result.has_value(); }, turn, number);
    const std::string name = Name(Finish(pending));
    EXPECT_THAT(name, AnyOf("ended " + kEnding, StartsWith("unreachable")));
    if (number == 0) {
      EXPECT_EQ(name, "ended " + kEnding);
    }
    return counts;
  });
}

TEST_F(RedisAllocationsTest, OfARenewal) {
  LedgerClaim claim = Hold(ledger_, NextKey());
  FailEach([&](int turn, int number) {
    const auto pending = Start(ledger_.Renew(claim));
    auto counts = RunTurns([&] { return pending->result.has_value(); }, turn, number);
    EXPECT_THAT(*pending->result, AnyOf(LedgerWrite::kDone, LedgerWrite::kUnreachable));
    EXPECT_EQ(ClaimName(other_, claim.key), "running");
    if (number == 0) {
      EXPECT_EQ(*pending->result, LedgerWrite::kDone);
    }
    return counts;
  });
}

TEST_F(RedisAllocationsTest, OfAnEndingThatIsRemembered) {
  FailEach([&](int turn, int number) {
    const LedgerClaim claim = Hold(ledger_, NextKey());
    const auto pending = Start(ledger_.Remember(claim, kEnding));
    auto counts = RunTurns([&] { return pending->result.has_value(); }, turn, number);
    const std::string name = ClaimName(other_, claim.key);
    if (*pending->result == LedgerWrite::kDone) {
      EXPECT_EQ(name, "ended " + kEnding);
    } else {
      EXPECT_EQ(*pending->result, LedgerWrite::kUnreachable);
      EXPECT_THAT(name, AnyOf("running", "ended " + kEnding));
    }
    if (number == 0) {
      EXPECT_EQ(*pending->result, LedgerWrite::kDone);
    }
    return counts;
  });
}

TEST_F(RedisAllocationsTest, OfAClaimThatIsForgotten) {
  FailEach([&](int turn, int number) {
    const LedgerClaim claim = Hold(ledger_, NextKey());
    const auto pending = Start(ledger_.Forget(claim));
    auto counts = RunTurns([&] { return pending->result.has_value(); }, turn, number);
    const std::string name = ClaimName(other_, claim.key);
    if (*pending->result == LedgerWrite::kDone) {
      EXPECT_EQ(name, "claimed");
    } else {
      EXPECT_EQ(*pending->result, LedgerWrite::kUnreachable);
      EXPECT_THAT(name, AnyOf("running", "claimed"));
    }
    if (number == 0) {
      EXPECT_EQ(*pending->result, LedgerWrite::kDone);
    }
    return counts;
  });
}

// Whatever is thrown while nobody asks for anything: here by the one who is told of it.
class RedisThrowTest : public RedisLedgerTest {
 protected:
  RedisLedger& MakeThrowing(const std::string& address) {
    ledgers_.push_back(std::make_unique<RedisLedger>(Config(address), std::chrono::hours(24), loop_, clock_,
                                                     random_, Secret(), [this](const std::string&) {
                                                       if (throws_ > 0 && throws_-- > 0)
                                                         throw std::bad_alloc();
                                                     }));
    return *ledgers_.back();
  }
  int throws_ = 0;
};

TEST_F(RedisThrowTest, WhatIsThrownAfterAnAttemptEndsEachWaitAndIsFollowedByTheNext) {
  RedisServer redis({});
  RedisLedger& ledger = MakeThrowing(redis.address());
  throws_ = 2;
  const auto waiting = StartClaim(ledger, "a");
  EXPECT_EQ(Name(Finish(waiting)), "unreachable out of memory");
  EXPECT_TRUE(RunUntil([&] { return ledger.is_usable(); }));
  EXPECT_EQ(ClaimName(ledger, "a"), "claimed");
}

TEST_F(RedisThrowTest, WhatIsThrownAfterALossIsFollowedByTheNextAttempt) {
  RedisServer redis({});
  RedisLedger& ledger = MakeThrowing(redis.address());
  EXPECT_EQ(ClaimName(ledger, "a"), "claimed");
  clock_.ahead = std::chrono::seconds(2);  // the connection has held for long
  throws_ = 1;
  redis.Kill();
  EXPECT_TRUE(RunUntil([&] { return throws_ == 0; }));
  EXPECT_THAT(ClaimName(ledger, "b"), StartsWith("unreachable"));
  redis.Start();
  EXPECT_TRUE(RunUntil([&] { return ledger.is_usable(); }));
  EXPECT_EQ(ClaimName(ledger, "b"), "claimed");
}

}  // namespace
}  // namespace session_gateway
