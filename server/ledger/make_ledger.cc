#include "server/ledger/make_ledger.h"

#include <utility>

#include "server/ledger/memory_ledger.h"
#include "server/ledger/redis_ledger.h"
#include "server/loaded_secret.h"

namespace session_gateway {
namespace {

constexpr char kRedisSection[] = "creates.redis";

std::optional<std::string> JudgeIdentityKey(std::string_view key) {
  if (key.size() < kIdentityKeyBytesMin) {
    return "the key is shorter than " + std::to_string(kIdentityKeyBytesMin) + " bytes";
  }
  return std::nullopt;
}

bool IsNamed(const std::string& file, const std::string& variable) {
  return !file.empty() || !variable.empty();
}

// A key that changed would make every caller another one, so it is taken once.
std::variant<KeyedHash, std::string> LoadIdentityHash(const RedisConfig& config,
                                                      const AuthenticationParts& parts) {
  if (!IsNamed(config.identity_key_file, config.identity_key_env)) return KeyedHash(parts.random);
  const std::string named =
      config.identity_key_file.empty() ? "creates.redis.identity_key_env" : "creates.redis.identity_key_file";
  LoadedSecret key = LoadSecret({named, config.identity_key_file, config.identity_key_env}, JudgeIdentityKey,
                                parts.files, parts.read_variable);
  if (auto* problem = std::get_if<std::string>(&key)) return std::move(*problem);
  return KeyedHash(std::get<std::shared_ptr<GatewaySecret>>(key)->current());
}

LedgerSite InMemory(const CreatesConfig& config, const LedgerSecrets& secrets, const StackParts& parts) {
  return {.ledger =
              std::make_unique<MemoryLedger>(parts.clock, MemoryLedgerBounds{.entries = config.ledger_entries,
                                                                             .bytes = config.ledger_bytes,
                                                                             .age = config.ledger_age}),
          .identities = CallerIdentities(secrets.identity_hash),
          .set_password = {}};
}

}  // namespace

std::variant<LedgerSecrets, std::string> LoadLedgerSecrets(const Config& config,
                                                           const AuthenticationParts& parts) {
  const RedisConfig& redis = config.creates.redis;
  if (redis.address.empty()) return LedgerSecrets{KeyedHash(parts.random), nullptr};
  auto hash = LoadIdentityHash(redis, parts);
  if (auto* problem = std::get_if<std::string>(&hash)) return std::move(*problem);
  LedgerSecrets secrets{std::get<KeyedHash>(std::move(hash)), nullptr};
  if (IsNamed(redis.password_file, redis.password_env)) {
    LoadedSecret loaded = LoadSecret({kRedisSection, redis.password_file, redis.password_env}, JudgePassword,
                                     parts.files, parts.read_variable);
    if (auto* problem = std::get_if<std::string>(&loaded)) return std::move(*problem);
    secrets.password = std::get<std::shared_ptr<GatewaySecret>>(std::move(loaded));
  }
  return secrets;
}

LedgerSite MakeLedger(const Config& config, const LedgerSecrets& secrets, const StackParts& parts,
                      RedisClient::Report report) {
  const RedisConfig& redis = config.creates.redis;
  if (redis.address.empty()) return InMemory(config.creates, secrets, parts);
  auto ledger = std::make_unique<RedisLedger>(
      redis, config.creates.ledger_age, parts.loop, parts.clock, parts.random,
      secrets.password ? secrets.password->current() : Secret(), std::move(report));
  RedisLedger* const shown = ledger.get();
  return {.ledger = std::move(ledger),
          .identities = CallerIdentities(secrets.identity_hash),
          .set_password = [shown](Secret password) { shown->SetPassword(std::move(password)); }};
}

}  // namespace session_gateway
