// From the configuration to the ledger: in memory, or in Redis with the secrets that it names.
//
// Thread rule: before the loop runs. Never here: a secret in a problem.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "server/config.h"
#include "server/gateway_secret.h"
#include "server/ledger/ledger.h"
#include "server/ledger/redis_client.h"
#include "server/ledger/request_key.h"
#include "server/upstream/make_authentication.h"
#include "server/upstream/stack.h"

namespace session_gateway {

// What the ledgers of all lanes are made with, beside the configuration.
struct LedgerSecrets {
  KeyedHash identity_hash;
  std::shared_ptr<GatewaySecret> password;  // of Redis; null without one
};

// The secrets, or what is wrong, for the person who starts the program.
std::variant<LedgerSecrets, std::string> LoadLedgerSecrets(const Config& config,
                                                           const AuthenticationParts& parts);

// A ledger for the calls of one loop. Calls with the same request_id have the same ledger.
struct LedgerSite {
  std::unique_ptr<Ledger> ledger;
  CallerIdentities identities;
  std::function<void(Secret)> set_password;  // on the loop; empty where there is none
};

// What `parts` refer to outlives it. `report` hears of Redis.
LedgerSite MakeLedger(const Config& config, const LedgerSecrets& secrets, const StackParts& parts,
                      RedisClient::Report report);

}  // namespace session_gateway
