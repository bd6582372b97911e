// The ledger in Redis: several gateways remember as one. Every operation is one script in one round trip.
//
// A claim holds for its lease, by the clock of Redis, and its holder counts it from before it asked, by its
// own. Once the lease has ended the entry reads as LedgerDied until it is no longer kept; nobody claims it
// again. Its late holder may still Remember or Forget. Beyond what ledger.h says:
// - Remember may be repeated, and replaces what was remembered under the same claim.
// - Where Redis lost an entry, Renew and Remember write it anew, unless somebody claimed the key meanwhile.
// - A Claim that is given up, and may have been made, is given back as soon as Redis answers.
// - Redis at its `maxmemory` is LedgerFull; with Redis 7 Renew and Remember still work then.
// - A record that a newer gateway wrote in a form unknown here is LedgerUnreachable, and never overwritten.
//
// Thread rule: loop thread only. Never here: a second run of a script that may have run.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "server/config.h"
#include "server/ledger/ledger.h"
#include "server/ledger/redis_client.h"

namespace session_gateway {

// A longer ending is not taken: Remember answers kUnreachable.
inline constexpr std::size_t kRedisEndingBytesMax = 16 * 1024 * 1024;

class RedisLedger final : public Ledger {
 public:
  // Begins to connect. `retention`: how long an entry is kept, from its last change on. The loop, the clock
  // and the random numbers outlive this.
  RedisLedger(const RedisConfig& config, std::chrono::milliseconds retention, Loop& loop, const Clock& clock,
              Random& random, Secret password, RedisClient::Report report);
  ~RedisLedger() override;

  Task<ClaimResult> Claim(const std::string& key, const ContentHash& content, CallContext& context) override;
  Task<LedgerWrite> Renew(LedgerClaim& claim) override;
  Task<LedgerWrite> Remember(const LedgerClaim& claim, std::string ending) override;
  Task<LedgerWrite> Forget(const LedgerClaim& claim) override;
  Task<LedgerWrite> Amend(const std::string& key, const ContentHash& content, std::string ending) override;
  Duration renew_every() const override { return lease_ / 3; }
  void Close() override;

  // A changed password is used from the next connect on.
  void SetPassword(Secret password) { client_.SetPassword(std::move(password)); }
  bool is_usable() const { return client_.is_usable(); }

 private:
  struct Returns;

  Task<LedgerWrite> Write(RedisScript script, const std::string& key,
                          std::span<const std::string_view> values);
  // What ends a claim that nobody waits for any more.
  RedisLateEnd GiveBackLater(const std::string& key, const std::string& holder);

  const Clock& clock_;
  const std::chrono::milliseconds lease_;
  const std::string lease_text_;
  const std::string retention_text_;  // of what has ended
  const std::string running_retention_text_;
  const std::string prefix_;
  const std::string token_key_;
  const std::string holder_prefix_;
  std::uint64_t claims_ = 0;
  RedisClient client_;
  std::shared_ptr<Returns> returns_;
};

}  // namespace session_gateway
