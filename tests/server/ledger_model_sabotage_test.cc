// The model of the ledger, with one thing broken on purpose: it has to find the fault, else it proves
// nothing.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/server/ledger_model_world.h"

namespace session_gateway {
namespace {

// Within so many seeds what is broken is found, in each of so many tries.
constexpr int kSeedsToFind = 1000;
constexpr int kTries = 5;
// What takes a question, a slow holder and a row that is gone meanwhile.
constexpr int kSeedsToFindRare = 20'000;

struct Broken {
  const char* name;
  Sabotage sabotage;
  int seeds = kSeedsToFind;
  int tries = kTries;
};

void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.name; }

const Broken kBroken[] = {
    {"Fencing", Sabotage::kFencing},
    {"LateHolder", Sabotage::kLateHolder},
    {"DeadIsFree", Sabotage::kDeadIsFree},
    {"NeverRenewed", Sabotage::kNeverRenewed},
    {"RenewedInWords", Sabotage::kRenewedInWords},
    {"EndingsDropped", Sabotage::kEndingsDropped},
    {"UnknownIsFree", Sabotage::kUnknownIsFree},
    {"SlowHolderWins", Sabotage::kSlowHolderWins, kSeedsToFindRare, 1},
};

class LedgerModelSabotage : public testing::TestWithParam<Broken> {};

TEST_P(LedgerModelSabotage, IsFound) {
  std::uint64_t seed = 1;
  for (int i = 0; i < GetParam().tries; ++i) {
    std::optional<std::string> fault;
    const std::uint64_t first = seed;
    while (!fault && seed < first + GetParam().seeds) {
      ModelWorld world(seed++, GetParam().sabotage);
      world.Play(kStepsOfASeed);
      fault = world.fault();
    }
    ASSERT_TRUE(fault) << "not found by the seeds from " << first << " on";
    std::cout << "after " << seed - first << " seeds: " << *fault << '\n';
  }
}

INSTANTIATE_TEST_SUITE_P(All, LedgerModelSabotage, testing::ValuesIn(kBroken),
                         [](const auto& broken) { return std::string(broken.param.name); });

}  // namespace
}  // namespace session_gateway
