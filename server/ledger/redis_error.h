// What an error of Redis means for the ledger.
//
// Thread rule: functions on values. Never here: a text of Redis that could hold a secret.
#pragma once

#include <string>
#include <string_view>

namespace session_gateway {

enum class RedisErrorKind {
  kFull,        // `maxmemory`: nothing more is written
  kNoScript,    // the script is not known there, and was not run
  kMoved,       // another connection may find a better server, or the same in a better state
  kUnreadable,  // a script met what no gateway wrote
  kOther,
};

struct RedisError {
  RedisErrorKind kind = RedisErrorKind::kOther;
  std::string text;  // for people: known words of ours and at most the error's code
};

RedisError ExplainRedisError(std::string_view error);

}  // namespace session_gateway
