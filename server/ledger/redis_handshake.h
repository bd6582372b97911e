// What is settled on a new connection to Redis before the ledger uses it: who we are, which database, whether
// this server keeps what it is told (a master, of a version that has what the scripts need, that evicts
// nothing), whether we may touch the ledger's keys, whether its clock runs, and the scripts.
//
// Thread rule: loop thread only. Never here: connecting, a second try.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "server/ledger/redis_connection.h"
#include "server/ledger/redis_scripts.h"
#include "server/secret.h"

namespace session_gateway {

inline constexpr int kRedisMajorMin = 6;

struct RedisLogon {
  std::string user;  // empty: the default user
  Secret password;   // empty: none is sent
  std::size_t database = 0;
  std::string probe = {};  // a key that the ledger has to be allowed to read; empty: none is asked for
};

struct RedisFacts {
  int major = 0;
  std::array<std::string, kRedisScripts> scripts;  // the names under which it knows them
};

// The server, or why it cannot be used. Both parameters outlive the task.
Task<std::variant<RedisFacts, std::string>> ShakeHands(RedisConnection& connection, const RedisLogon& logon,
                                                       const Clock& clock);

// What INFO says, judged: the major version, or why this server cannot be used.
std::variant<int, std::string> JudgeRedisInfo(std::string_view info);

}  // namespace session_gateway
