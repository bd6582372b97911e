// What tests of the ledger in Redis share: a loop on the test's thread, ledgers on it, and their operations
// one after the other or at once.
//
// Thread rule: the loop runs on the test's thread. Never here: what a ledger should answer.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/ledger/redis_ledger.h"
#include "tests/server/redis_server.h"
#include "tests/server/signal.h"

namespace session_gateway {

// Runs ahead of the real clock by what the test says.
class AdvancedClock final : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now() + ahead; }
  WallTime WallNow() const override { return std::chrono::system_clock::now(); }
  Duration ahead = Duration::zero();
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t Next() override { return static_cast<std::uint32_t>(engine_()); }

 private:
  std::mt19937 engine_;
};

// An operation under way.
template <typename T>
struct Pending {
  explicit Pending(TimePoint deadline) : context(deadline) {}
  CallContext context;
  std::optional<T> result;
};

inline ContentHash ContentOf(std::uint8_t first) {
  ContentHash content = {};
  content[0] = first;
  content[31] = 0xa5;
  return content;
}

class RedisLedgerTest : public testing::Test {
 protected:
  ~RedisLedgerTest() override {
    ledgers_.clear();
    loop_.restart();
    loop_.run();
  }

  static RedisConfig Config(const std::string& address) {
    RedisConfig config;
    config.address = address;
    config.timeout = std::chrono::seconds(5);  // a busy machine is no fault, unless the test says so
    return config;
  }

  RedisLedger& Make(const RedisConfig& config, Secret password = {},
                    std::chrono::milliseconds retention = std::chrono::hours(24)) {
    ledgers_.push_back(
        std::make_unique<RedisLedger>(config, retention, loop_, clock_, random_, std::move(password),
                                      [this](const std::string& problem) { problems_.push_back(problem); }));
    return *ledgers_.back();
  }

  // Runs the loop until the condition holds. The patience is real time, whatever the test's clock says.
  bool RunUntil(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    loop_.restart();
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      if (loop_.run_one_for(std::chrono::milliseconds(5)) == 0) loop_.restart();
    }
    return true;
  }

  template <typename T>
  std::shared_ptr<Pending<T>> Start(Task<T> task, std::shared_ptr<Pending<T>> pending = nullptr) {
    if (!pending) pending = std::make_shared<Pending<T>>(TimePoint::max());
    boost::asio::co_spawn(loop_, std::move(task), [pending](std::exception_ptr error, T result) {
      EXPECT_EQ(error, nullptr);
      pending->result = std::move(result);
    });
    return pending;
  }

  template <typename T>
  T Finish(const std::shared_ptr<Pending<T>>& pending) {
    EXPECT_TRUE(RunUntil([&] { return pending->result.has_value(); })) << "the operation does not end";
    return std::move(pending->result).value();
  }

  std::shared_ptr<Pending<ClaimResult>> StartClaim(RedisLedger& ledger, std::string key,
                                                   ContentHash content = ContentOf(1)) {
    auto pending = std::make_shared<Pending<ClaimResult>>(TimePoint::max());
    // The task refers to what it is handed, which this coroutine holds.
    const auto claim = [](RedisLedger& the_ledger, std::string the_key, ContentHash the_content,
                          std::shared_ptr<Pending<ClaimResult>> held) -> Task<ClaimResult> {
      co_return co_await the_ledger.Claim(the_key, the_content, held->context);
    };
    return Start(claim(ledger, std::move(key), content, pending), pending);
  }

  ClaimResult Claim(RedisLedger& ledger, const std::string& key, ContentHash content = ContentOf(1)) {
    return Finish(StartClaim(ledger, key, content));
  }
  // A claim that must succeed.
  LedgerClaim Hold(RedisLedger& ledger, const std::string& key, ContentHash content = ContentOf(1)) {
    ClaimResult result = Claim(ledger, key, content);
    if (auto* claim = std::get_if<LedgerClaim>(&result)) return *claim;
    ADD_FAILURE() << "no claim: " << Name(result);
    return {};
  }
  LedgerWrite Renew(RedisLedger& ledger, LedgerClaim& claim) { return Finish(Start(ledger.Renew(claim))); }
  LedgerWrite Remember(RedisLedger& ledger, const LedgerClaim& claim, std::string ending) {
    return Finish(Start(ledger.Remember(claim, std::move(ending))));
  }
  LedgerWrite Forget(RedisLedger& ledger, const LedgerClaim& claim) {
    return Finish(Start(ledger.Forget(claim)));
  }

  // A result in a word, with what it carries.
  static std::string Name(const ClaimResult& result) {
    struct Visitor {
      std::string operator()(const LedgerClaim&) const { return "claimed"; }
      std::string operator()(const LedgerRunning&) const { return "running"; }
      std::string operator()(const LedgerOtherContent&) const { return "other"; }
      std::string operator()(const LedgerEnded& ended) const { return "ended " + ended.ending; }
      std::string operator()(const LedgerDied&) const { return "died"; }
      std::string operator()(const LedgerFull&) const { return "full"; }
      std::string operator()(const LedgerUnreachable& failed) const { return "unreachable " + failed.detail; }
    };
    return std::visit(Visitor{}, result);
  }
  std::string ClaimName(RedisLedger& ledger, const std::string& key, ContentHash content = ContentOf(1)) {
    return Name(Claim(ledger, key, content));
  }

  Loop loop_{1};
  AdvancedClock clock_;
  SeededRandom random_{4711};
  std::vector<std::unique_ptr<RedisLedger>> ledgers_;
  std::vector<std::string> problems_;  // what was reported, in order
};

}  // namespace session_gateway
