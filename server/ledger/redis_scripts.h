// What the ledger does inside Redis, each in one script, so that nothing comes between its look and its deed.
// docs/decisions/redis.md has the form of a record.
//
// Thread rule: constant data. Never here: who runs them, what their answers mean.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace session_gateway {

enum class RedisScript { kClaim, kRenew, kRemember, kForget, kGiveBack, kAmend };
inline constexpr std::size_t kRedisScripts = 6;

// The text as Redis takes it. From version 7 on a script can say of itself that it may write above
// `maxmemory`: those of a claim's holder do, for what has begun must be able to end.
std::string RedisScriptText(RedisScript script, int redis_major);

}  // namespace session_gateway
