// Random operations of several gateways on one Redis, at once and one after the other, against a small model.
// Each round's results must be those of some order of its operations, by the rules of ledger_rules.h. A seed
// is replayed with --gtest_random_seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/server/ledger_rules.h"
#include "tests/server/redis_fixture.h"

namespace session_gateway {
namespace {

#ifdef SESSION_GATEWAY_SANITIZED
constexpr int kRounds = 1000;
#else
constexpr int kRounds = 10'000;
#endif
constexpr int kKeys = 4;
constexpr int kGateways = 3;
constexpr std::size_t kHeldMax = 40;

using Entry = LedgerRecord;

struct Operation {
  enum class Kind { kClaim, kRenew, kRemember, kForget };
  Kind kind = Kind::kClaim;
  std::uint8_t content = 0;
  std::uint64_t token = 0;
  std::string ending;
  // What the store answered: a word, and the token of a claim.
  std::string result;
  std::uint64_t claimed = 0;
};

std::string ClaimAnswerText(ClaimAnswer answer, const Entry& entry) {
  switch (answer) {
    case ClaimAnswer::kClaimed:
      return "claimed";
    case ClaimAnswer::kOther:
      return "other";
    case ClaimAnswer::kEnded:
      return "ended " + entry.ending;
    case ClaimAnswer::kDied:
      return "died";
    case ClaimAnswer::kRunning:
      return "running";
  }
  return "";
}

// True when the operation may have answered what it did; `entry` is then what came of it.
bool Apply(const Operation& operation, Entry& entry) {
  bool done = false;
  switch (operation.kind) {
    case Operation::Kind::kClaim:
      return operation.result ==
             ClaimAnswerText(ClaimRecord(entry, operation.claimed, operation.content), entry);
    case Operation::Kind::kRenew:
      done = RenewRecord(entry, operation.token, operation.content, true);
      break;
    case Operation::Kind::kRemember:
      done = RememberRecord(entry, operation.token, operation.content, operation.ending);
      break;
    case Operation::Kind::kForget:
      done = ForgetRecord(entry, operation.token);
      break;
  }
  return operation.result == (done ? "done" : "lost");
}

// Every state that some order of the operations leads to, from any of `before`.
std::set<Entry> After(const std::set<Entry>& before, const std::vector<Operation>& operations) {
  std::set<Entry> after;
  std::vector<std::size_t> order(operations.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  do {
    for (Entry entry : before) {
      const bool possible = std::all_of(order.begin(), order.end(),
                                        [&](std::size_t place) { return Apply(operations[place], entry); });
      if (possible) after.insert(entry);
    }
  } while (std::next_permutation(order.begin(), order.end()));
  return after;
}

class RedisModelTest : public RedisLedgerTest {
 protected:
  struct Held {
    std::size_t gateway = 0;
    int key = 0;
    LedgerClaim claim;
  };
  struct Begun {
    Operation operation;
    std::size_t gateway = 0;
    std::shared_ptr<Pending<ClaimResult>> claim;
    std::shared_ptr<Pending<LedgerWrite>> write;
  };

  unsigned Draw(unsigned below) { return static_cast<unsigned>(engine_() % below); }

  // A claim, or what one of the key's holders does, of whom most are holders no longer.
  Begun Begin(int key) {
    Begun begun;
    std::vector<Held*> holders;
    for (Held& held : held_) {
      if (held.key == key) holders.push_back(&held);
    }
    if (holders.empty() || Draw(3) == 0) {
      begun.gateway = Draw(kGateways);
      begun.operation.content = static_cast<std::uint8_t>(1 + Draw(8) / 7);
      begun.claim = StartClaim(*ledgers_[begun.gateway], Key(key), ContentOf(begun.operation.content));
      return begun;
    }
    // The newest more often than the others.
    Held& held = *(Draw(2) == 0 ? holders.back() : holders[Draw(static_cast<unsigned>(holders.size()))]);
    Operation& operation = begun.operation;
    operation.kind = static_cast<Operation::Kind>(1 + Draw(3));
    operation.content = held.claim.content[0];
    operation.token = held.claim.fencing_token;
    operation.ending = std::to_string(Draw(1000));
    RedisLedger& ledger = *ledgers_[held.gateway];
    if (operation.kind == Operation::Kind::kRenew) {
      begun.write = Start(RenewCopy(ledger, held.claim));
    } else if (operation.kind == Operation::Kind::kRemember) {
      begun.write = Start(RememberCopy(ledger, held.claim, operation.ending));
    } else {
      begun.write = Start(ForgetCopy(ledger, held.claim));
    }
    return begun;
  }

  // Each with its own copy of the claim, which outlives the operation.
  static Task<LedgerWrite> RenewCopy(RedisLedger& ledger, LedgerClaim claim) {
    co_return co_await ledger.Renew(claim);
  }
  static Task<LedgerWrite> RememberCopy(RedisLedger& ledger, LedgerClaim claim, std::string ending) {
    co_return co_await ledger.Remember(claim, std::move(ending));
  }
  static Task<LedgerWrite> ForgetCopy(RedisLedger& ledger, LedgerClaim claim) {
    co_return co_await ledger.Forget(claim);
  }

  void End(int key, Begun& begun) {
    if (begun.write) {
      const LedgerWrite written = Finish(begun.write);
      begun.operation.result = written == LedgerWrite::kDone   ? "done"
                               : written == LedgerWrite::kLost ? "lost"
                                                               : "unreachable";
      return;
    }
    const ClaimResult result = Finish(begun.claim);
    begun.operation.result = Name(result);
    const auto* claim = std::get_if<LedgerClaim>(&result);
    if (claim == nullptr) return;
    begun.operation.claimed = claim->fencing_token;
    EXPECT_GT(claim->fencing_token, newest_token_);
    newest_token_ = claim->fencing_token;
    held_.push_back({begun.gateway, key, *claim});
    if (held_.size() > kHeldMax) held_.erase(held_.begin());
  }

  // What time, and a server that loses its data, do to a key.
  void Disturb(const RedisServer& redis, int key) {
    const std::string record = "session-gateway:once:" + Key(key);
    const unsigned what = Draw(12);
    if (what < 3) {
      redis.Ask({"EVAL",
                 "local r = redis.call('GET', KEYS[1]) if r then redis.call('SET', KEYS[1], "
                 "string.gsub(r, '^(v1 running %d+ %S+) %d+', '%1 1'), 'KEEPTTL') end",
                 "1", record});
      std::set<Entry> after;
      for (Entry entry : states_[key]) {
        if (entry.state == Entry::State::kRunning) entry.state = Entry::State::kDead;
        after.insert(entry);
      }
      states_[key] = after;
    } else if (what == 3) {
      redis.Ask({"DEL", record});
      states_[key] = {Entry{}};
    } else if (what == 4 && Draw(4) == 0) {
      redis.Ask({"FLUSHALL"});
      for (auto& states : states_) states = {Entry{}};
    }
  }

  static std::string Key(int key) { return "key " + std::to_string(key); }

  std::mt19937 engine_;
  std::set<Entry> states_[kKeys];
  std::vector<Held> held_;
  std::uint64_t newest_token_ = 0;
};

TEST_F(RedisModelTest, EveryRoundHasAnOrderThatExplainsIt) {
  const auto given = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  const unsigned seed = given == 0 ? 20261122 : given;
  SCOPED_TRACE("--gtest_random_seed=" + std::to_string(seed));
  engine_.seed(seed);
  for (auto& states : states_) states = {Entry{}};
  RedisServer redis({});
  RedisConfig config = Config(redis.address());
  config.lease = std::chrono::minutes(10);  // ends when the test says so
  for (int i = 0; i < kGateways; ++i) Make(config);
  std::set<std::string> seen;
  for (int round = 0; round < kRounds; ++round) {
    const int key = static_cast<int>(Draw(kKeys));
    Disturb(redis, key);
    std::vector<Begun> begun;
    for (unsigned i = 1 + Draw(4); i > 0; --i) begun.push_back(Begin(key));
    // In the order of the tokens, which is the order in which the claims were made.
    for (const bool writes : {true, false}) {
      for (Begun& one : begun) {
        if (static_cast<bool>(one.write) == writes) End(key, one);
      }
    }
    std::vector<Operation> operations;
    std::string shown;
    for (Begun& one : begun) {
      const std::string kind = std::to_string(static_cast<int>(one.operation.kind));
      const std::string result = one.operation.result.substr(0, one.operation.result.find(' '));
      seen.insert(kind + result);
      shown += kind + " " + one.operation.result + "; ";
      operations.push_back(std::move(one.operation));
    }
    states_[key] = After(states_[key], operations);
    ASSERT_FALSE(states_[key].empty()) << "round " << round << ": " << shown;
    if (HasFailure()) return;
  }
  // Every end of every operation was met.
  EXPECT_EQ(seen, (std::set<std::string>{"0claimed", "0died", "0ended", "0other", "0running", "1done",
                                         "1lost", "2done", "2lost", "3done", "3lost"}));
}

}  // namespace
}  // namespace session_gateway
