// Two gateways on one Redis under load while everything around them fails. SESSION_GATEWAY_SEED gives the
// seed, SESSION_GATEWAY_DISTURBANCES a longer run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/exchange/channel.h"
#include "tests/replicas/replica_storm.h"

namespace session_gateway {
namespace {

std::uint64_t Number(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::stoull(text);
}

TEST(ReplicasStorm, MakesNoSecondSession) {
  const std::uint64_t seed = Number("SESSION_GATEWAY_SEED", 6);
  std::cout << "SESSION_GATEWAY_SEED=" << seed << std::endl;
  ReplicaStorm storm(seed);
  std::vector<Callee> callees;
  for (const std::string& address : storm.addresses()) callees.push_back(ConnectPersistently(address));
  storm.Run(callees, static_cast<int>(Number("SESSION_GATEWAY_DISTURBANCES", 20)));
  storm.ExpectHonest(callees);
  std::cout << storm.Figures() << std::endl;
}

}  // namespace
}  // namespace session_gateway
