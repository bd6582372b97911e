#include "server/ledger/redis_error.h"

namespace session_gateway {
namespace {

struct Row {
  std::string_view code;
  RedisErrorKind kind;
  std::string_view text;
};

constexpr Row kRows[] = {
    {"OOM", RedisErrorKind::kFull, "Redis is at its maxmemory"},
    {"NOSCRIPT", RedisErrorKind::kNoScript, "Redis does not know the script"},
    {"READONLY", RedisErrorKind::kMoved, "Redis is a read-only replica"},
    {"MASTERDOWN", RedisErrorKind::kMoved, "Redis is a replica without its master"},
    {"LOADING", RedisErrorKind::kMoved, "Redis is loading its data"},
    {"NOAUTH", RedisErrorKind::kMoved, "Redis wants a password; set creates.redis.password_file"},
    {"WRONGPASS", RedisErrorKind::kMoved, "Redis refuses the user or the password"},
    {"NOPERM", RedisErrorKind::kOther, "the access list of Redis does not let this user do that"},
    {"BUSY", RedisErrorKind::kOther, "Redis is busy with a script that does not end"},
    {"MISCONF", RedisErrorKind::kOther, "Redis cannot save its data and refuses to write"},
    {"NOREPLICAS", RedisErrorKind::kOther, "Redis has too few replicas and refuses to write"},
    {"MOVED", RedisErrorKind::kOther, "Redis is a cluster, which the ledger does not speak to"},
    {"ASK", RedisErrorKind::kOther, "Redis is a cluster, which the ledger does not speak to"},
    {"CROSSSLOT", RedisErrorKind::kOther, "Redis is a cluster, which the ledger does not speak to"},
    {"CLUSTERDOWN", RedisErrorKind::kOther, "Redis is a cluster, which the ledger does not speak to"},
    {"WRONGTYPE", RedisErrorKind::kUnreadable, "a key of the ledger holds what no gateway wrote"},
    {"EXECABORT", RedisErrorKind::kOther, "Redis refuses the operation"},
};

// Errors whose code says nothing.
constexpr Row kPhrases[] = {
    {"max number of clients", RedisErrorKind::kMoved, "Redis has too many clients"},
    {"executing the script can't run", RedisErrorKind::kOther,
     "the access list of Redis does not let this user do that"},
    {"unknown command", RedisErrorKind::kOther, "Redis does not know a command that the ledger needs"},
    {"DB index is out of range", RedisErrorKind::kOther, "Redis has no database of that number"},
};

// The error of a command inside a script stands inside another one before Redis 7.
bool IsInside(std::string_view error, std::string_view code) {
  const std::string marked = "-" + std::string(code) + " ";
  return error.starts_with("ERR ") && error.find(marked) != std::string_view::npos;
}

}  // namespace

RedisError ExplainRedisError(std::string_view error) {
  const std::string_view code = error.substr(0, error.find(' '));
  for (const Row& row : kRows) {
    if (row.code == code || IsInside(error, row.code)) return {row.kind, std::string(row.text)};
  }
  for (const Row& row : kPhrases) {
    if (error.find(row.code) != std::string_view::npos) return {row.kind, std::string(row.text)};
  }
  return {RedisErrorKind::kOther, "Redis answers with an error that the ledger does not know"};
}

}  // namespace session_gateway
