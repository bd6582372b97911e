// What tests of ledgers share: a clock that stands still until it is moved, and a way to run one operation.
//
// Thread rule: one thread. Never here: a store.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <optional>
#include <string>
#include <utility>

#include "server/clock.h"
#include "server/event_loop.h"
#include "server/ledger/ledger.h"

namespace session_gateway {

class HandedClock final : public Clock {
 public:
  TimePoint Now() const override { return now_; }
  WallTime WallNow() const override { return WallTime() + now_.time_since_epoch(); }
  void Advance(Duration by) { now_ += by; }

 private:
  // Far ahead of the system's: no timer that is set by this clock ever fires by itself.
  TimePoint now_ = TimePoint() + std::chrono::hours(24 * 365 * 100);
};

inline ContentHash ContentOf(std::uint8_t seed) {
  ContentHash content = {};
  content.fill(seed);
  return content;
}

// Runs an operation that does not wait for anything outside the loop.
template <typename T>
T RunTask(Task<T> task) {
  Loop loop(1);
  std::optional<T> result;
  boost::asio::co_spawn(loop, std::move(task), [&result](std::exception_ptr exception, T value) {
    EXPECT_EQ(exception, nullptr);
    result = std::move(value);
  });
  loop.run();
  return *std::move(result);
}

inline ClaimResult Claim(Ledger& ledger, const std::string& key, const ContentHash& content) {
  CallContext context(TimePoint::max());
  return RunTask(ledger.Claim(key, content, context));
}

inline LedgerClaim ClaimFree(Ledger& ledger, const std::string& key, const ContentHash& content) {
  const ClaimResult result = Claim(ledger, key, content);
  const auto* const claim = std::get_if<LedgerClaim>(&result);
  EXPECT_NE(claim, nullptr) << key << ": " << result.index();
  return claim == nullptr ? LedgerClaim() : *claim;
}

}  // namespace session_gateway
