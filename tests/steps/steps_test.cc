// Failing the n-th call for all n: whatever step of an exchange fails, in whatever way, the call ends in time
// and says what is true, the next call succeeds, and nothing stays open.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/steps/step_bench.h"

namespace session_gateway {
namespace {

// A sanitizer makes each call many times as slow: of the failures of a kind only some are made there.
#ifdef SESSION_GATEWAY_SANITIZED
constexpr int kStride = 4;
#else
constexpr int kStride = 1;
#endif
// More steps than any exchange has.
constexpr int kStepsMax = 200;
// The last ones are those of the wait itself, and some to spare.
constexpr int kAllocationsOfTheWait = 4;

class Steps : public testing::TestWithParam<StepSetting> {};

TEST_P(Steps, EachMayFailInEachWay) {
  StepBench bench(GetParam());
  const std::size_t steps = bench.CleanSteps().size();
  int first = 1;
  for (const StepFault& fault : StepFaults()) {
    int number = first;
    while (number < kStepsMax && bench.Fail(fault, number)) number += kStride;
    ASSERT_LT(number, kStepsMax) << fault.name;
    if (kStride > 1) first = first % kStride + 1;
  }
  bench.Settle();
  RecordProperty("steps", static_cast<int>(steps));
  RecordProperty("runs", bench.runs());
  std::string table = std::to_string(steps) + " steps, " + std::to_string(bench.runs()) + " failures:";
  for (const char* how : {"OK", "not_sent", "refused", "unknown", "done"}) {
    table += std::string("  ") + how + " " + std::to_string(bench.Ended(how));
  }
  std::cout << "  " << table << '\n';
  // A run in which nothing fails shows nothing.
  EXPECT_GE(bench.runs(), static_cast<int>(steps) / kStride);
  // A row can be asked for.
  const bool asks = GetParam().once && GetParam().upstream == SandboxUpstream::kQlik;
  if (!asks) {
    EXPECT_GT(bench.Ended("unknown"), 0);
  }
#ifndef SESSION_GATEWAY_SANITIZED  // only some of the steps fail there
  EXPECT_GT(bench.Ended("done"), 0);
#endif
}

class Allocations : public testing::TestWithParam<StepSetting> {};

TEST_P(Allocations, EachMayFailBeforeTheCallIsSent) {
  StepBench bench(GetParam());
  const int allocations = bench.CleanAllocations() - kAllocationsOfTheWait;
  for (int number = 1; number <= allocations; number += kStride) {
    EXPECT_TRUE(bench.FailAllocation(number)) << number << " of " << allocations;
  }
  bench.Settle();
  RecordProperty("runs", bench.runs());
  EXPECT_GE(bench.Ended("not_sent"), 10 / kStride);
}

std::vector<StepSetting> Settings() {
  std::vector<StepSetting> settings;
  for (const auto upstream : {SandboxUpstream::kSymphony, SandboxUpstream::kQlik}) {
    for (const bool tls : {false, true}) {
      for (const bool kept : {false, true}) {
        settings.push_back({upstream, tls, StepLogon::kNone, kept});
        settings.push_back({upstream, tls, StepLogon::kAgain, kept});
      }
      settings.push_back({upstream, tls, StepLogon::kFirst});
    }
    settings.push_back({.upstream = upstream, .by_name = true});
    settings.push_back({.upstream = upstream, .kept = true, .once = true});
  }
  return settings;
}

INSTANTIATE_TEST_SUITE_P(All, Steps, testing::ValuesIn(Settings()),
                         [](const auto& setting) { return SettingName(setting.param); });

std::vector<StepSetting> AllocationSettings() {
  std::vector<StepSetting> settings;
  for (const auto upstream : {SandboxUpstream::kSymphony, SandboxUpstream::kQlik}) {
    for (const bool once : {false, true})
      settings.push_back({.upstream = upstream, .kept = true, .once = once});
  }
  return settings;
}

INSTANTIATE_TEST_SUITE_P(All, Allocations, testing::ValuesIn(AllocationSettings()),
                         [](const auto& setting) { return SettingName(setting.param); });

}  // namespace
}  // namespace session_gateway
