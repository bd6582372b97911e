// The ledger against its model: random interleavings of calls, repeats, joiners, leavers, deadlines, answers
// of every kind, crashes, pauses, drains, and faults of the store, of several gateways that share one store,
// or of one with its own memory. What must hold is in ledger_model_judge.h.
//
// Once, Exchanges and the ledger in memory are the real ones, on virtual time. The store is one that keeps
// records by the rules of ledger_rules.h, reached the way that redis_ledger.h describes; redis_model_test.cc
// proves that the scripts in a real Redis keep the same rules, redis_faults_test.cc how a real connection
// fails. Not modelled: clocks that run apart.
//
// SESSION_GATEWAY_SEED=n plays one seed again, SESSION_GATEWAY_STEPS=n sets how many steps are played in all.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/server/ledger_model_world.h"

namespace session_gateway {
namespace {

#ifdef SESSION_GATEWAY_SANITIZED
constexpr std::int64_t kStepsInAll = 120'000;
#else
constexpr std::int64_t kStepsInAll = 600'000;
#endif

std::int64_t FromEnvironment(const char* name, std::int64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

TEST(LedgerModel, NoInterleavingCreatesTwice) {
  const std::int64_t only = FromEnvironment("SESSION_GATEWAY_SEED", -1);
  const std::int64_t steps = FromEnvironment("SESSION_GATEWAY_STEPS", kStepsInAll);
  const std::uint64_t first = only >= 0 ? static_cast<std::uint64_t>(only) : std::random_device()();
  const std::int64_t seeds = only >= 0 ? 1 : (steps + kStepsOfASeed - 1) / kStepsOfASeed;
  const auto began = std::chrono::system_clock::now();
  std::map<std::string, std::int64_t> seen;
  std::int64_t sessions = 0;
  std::int64_t doubles = 0;
  for (std::int64_t i = 0; i < seeds; ++i) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
    ModelWorld world(seed, Sabotage::kNothing);
    if (only >= 0) world.judge().Tell(std::cout);
    world.Play(kStepsOfASeed);
    ASSERT_FALSE(world.fault()) << *world.fault() << "; SESSION_GATEWAY_SEED=" << seed;
    for (const auto& [kind, count] : world.judge().seen()) seen[kind] += count;
    sessions += world.judge().sessions();
    doubles += world.judge().doubles();
  }
  for (const auto& [kind, count] : seen) std::cout << kind << ": " << count << '\n';
  // The steady clock is the model's.
  const std::chrono::duration<double> time = std::chrono::system_clock::now() - began;
  std::cout << sessions << " sessions, " << doubles
            << " of them beyond the first of a key that the store lost; " << seeds * kStepsOfASeed
            << " steps in " << time.count() << " s, first seed " << first << '\n';
  if (only >= 0) return;
  // What was never seen was not tested.
  for (const char* kind : {"done",
                           "done, replayed",
                           "repeat of what is settled",
                           "ANSWER_UNREADABLE done",
                           "DEADLINE not_sent",
                           "DEADLINE unknown",
                           "LEDGER_UNAVAILABLE not_sent",
                           "OUTCOME_UNKNOWN unknown",
                           "OVERLOADED not_sent",
                           "REQUEST_ID_REUSED not_sent",
                           "UPSTREAM_FAILED unknown",
                           "UPSTREAM_REFUSED refused",
                           "UPSTREAM_UNREACHABLE not_sent",
                           "connection lost",
                           "crash",
                           "drained",
                           "entry lost by the store",
                           "forgotten by age",
                           "forgotten by memory",
                           "late end",
                           "late request",
                           "lease over",
                           "pause",
                           "written anew by its holder"}) {
    EXPECT_GT(seen[kind], 0) << kind;
  }
  // The model says what a loss may lead to, and it happens.
  EXPECT_GT(doubles, 0);
}

}  // namespace
}  // namespace session_gateway
