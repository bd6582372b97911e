// From the configuration to the ledger: in memory, or in Redis with the secrets that it names.
//
// Thread rule: before the loop runs. Never here: a secret in a problem.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "server/config.h"
#include "server/gateway_secret.h"
#include "server/ledger/ledger.h"
#include "server/ledger/redis_client.h"
#include "server/ledger/request_key.h"
#include "server/upstream/make_authentication.h"

namespace session_gateway {

struct LedgerSite {
  std::unique_ptr<Ledger> ledger;
  CallerIdentities identities;
  std::unique_ptr<GatewaySecretWatch> password;  // of Redis, when it has one
};

// The ledger, or what is wrong, for the person who starts the program. `parts` outlive it. `report` hears of
// Redis.
std::variant<LedgerSite, std::string> MakeLedger(const Config& config, const AuthenticationParts& parts,
                                                 RedisClient::Report report);

}  // namespace session_gateway
