// The rows of the configuration's table of keys that say where the request ledger's Redis is.
//
// Thread rule: constant data. Never here: an include from elsewhere than config_keys.cc.
#pragma once

#include "server/config_keys.h"
#include "server/config_keys_shared.h"

namespace session_gateway::config_keys {

inline constexpr std::array<std::string_view, 2> kRedisPlaintextChoices = {"loopback", "mesh"};
inline constexpr std::int64_t kRedisDatabaseMax = 65535;

inline constexpr KeyCondition kRedisOn = {
    .holds = [](const Config& c) { return !c.creates.redis.address.empty(); },
    .with = "with creates.redis.address",
    .without = "without creates.redis.address",
    .decided_by = {"creates.redis.address"}};

inline constexpr ConfigKey kRedisKeys[] = {
    {.path = "creates.redis.address",
     .kind = KeyKind::kText,
     .slot = [](Config& c) -> ConfigSlot { return &c.creates.redis.address; },
     .doc = "The Redis in which several gateways remember requests together: `unix:/path` of its socket, or "
            "`host:port`",
     .example = "unix:/run/redis/redis-server.sock",
     .min = 1,
     .max = kTextBytesMax},
    {.path = "creates.redis.plaintext",
     .kind = KeyKind::kChoice,
     .slot = [](Config& c) -> ConfigSlot { return &c.creates.redis.plaintext; },
     .doc = "What protects the way there, which has no TLS of the gateway's own: `loopback` allows a Unix "
            "socket and loopback addresses only, `mesh` any address, for a sidecar encrypts",
     .example = "mesh",
     .choices = kRedisPlaintextChoices,
     .effect = {&kRedisOn}},
    {.path = "creates.redis.user",
     .kind = KeyKind::kText,
     .slot = [](Config& c) -> ConfigSlot { return &c.creates.redis.user; },
     .doc = "The user in Redis' access list; unset: its default user",
     .example = "gateway",
     .min = 1,
     .max = kTextBytesMax,
     .effect = {&kRedisOn}},
    {.path = "creates.redis.password_file",
     .kind = KeyKind::kFile,
     .slot = [](Config& c) -> ConfigSlot { return &c.creates.redis.password_file; },
     .doc = "File with the password; unset, with the variable too: none is sent",
     .example = "redis_password",
     .min = 1,
     .max = kFileNameBytesMax,
     .effect = {&kRedisOn}},
    {.path = "creates.redis.password_env",
     .kind = KeyKind::kVariable,
     .slot = [](Config& c) -> ConfigSlot { return &c.creates.redis.password_env; },
     .doc = "Variable with the password, instead of its file",
     .example = "REDIS_PASSWORD",
     .min = 1,
     .max = kTextBytesMax,
     .effect = {&kRedisOn}},
    {.path = "creates.redis.identity_key_file",
     .kind = KeyKind::kFile,
     .slot = [](Config& c) -> ConfigSlot { return &c.creates.redis.identity_key_file; },
     .doc =
         "File with at least 16 random bytes, the same at all gateways and read at the start: callers that "
         "bring a credential of their own are named in Redis by a hash with this key. Required with "
         "symphony.auth.mode `caller_basic` and `caller_session`",
     .example = "identity_key",
     .min = 1,
     .max = kFileNameBytesMax,
     .effect = {&kRedisOn}},
    {.path = "creates.redis.identity_key_env",
     .kind = KeyKind::kVariable,
     .slot = [](Config& c) -> ConfigSlot { return &c.creates.redis.identity_key_env; },
     .doc = "Variable with that key, instead of its file",
     .example = "SESSION_GATEWAY_IDENTITY_KEY",
     .min = 1,
     .max = kTextBytesMax,
     .effect = {&kRedisOn}},
    {.path = "creates.redis.database",
     .kind = KeyKind::kCount,
     .slot = [](Config& c) -> ConfigSlot { return &c.creates.redis.database; },
     .doc = "The number of the database",
     .example = "3",
     .min = 0,
     .max = kRedisDatabaseMax,
     .effect = {&kRedisOn}},
    {.path = "creates.redis.prefix",
     .kind = KeyKind::kText,
     .slot = [](Config& c) -> ConfigSlot { return &c.creates.redis.prefix; },
     .doc = "What the name of every key begins with; the same for all gateways of one site, and another for "
            "each site",
     .example = "\"site-7:\"",
     .min = 1,
     .max = kTextBytesMax,
     .effect = {&kRedisOn}},
    {.path = "creates.redis.timeout",
     .kind = KeyKind::kDuration,
     .slot = [](Config& c) -> ConfigSlot { return &c.creates.redis.timeout; },
     .doc = "Time of one operation; an attempt to connect has twice that",
     .example = "200ms",
     .min = 50,
     .max = 10 * kSecond,
     .effect = {&kRedisOn}},
    {.path = "creates.redis.lease",
     .kind = KeyKind::kDuration,
     .slot = [](Config& c) -> ConfigSlot { return &c.creates.redis.lease; },
     .doc =
         "How long a request counts as running whose gateway is not heard of any more; then its outcome is "
         "unknown. At least three times `creates.redis.timeout`; renewed at each third",
     .example = "30s",
     .min = kSecond,
     .max = 10 * kMinute,
     .effect = {&kRedisOn}},
    {.path = "creates.redis.operations",
     .kind = KeyKind::kCount,
     .slot = [](Config& c) -> ConfigSlot { return &c.creates.redis.operations; },
     .doc =
         "Operations under way at once; one more fails at once. Those that end what has begun have as many "
         "again",
     .example = "2000",
     .min = 1,
     .max = 1'000'000,
     .effect = {&kRedisOn}},
};

}  // namespace session_gateway::config_keys
