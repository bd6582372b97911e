// Translates one body, so that Callgrind can count what that takes: run under it, it leaves one file of
// counts for each step, in this order: request and reply of Symphony, of Qlik. Each step was warm before, and
// is made kTimes (tests/bench/instructions_test.cc).
#include <valgrind/callgrind.h>

#include <cstdlib>

#include "tests/bench/translate_steps.h"

namespace session_gateway {
namespace {

constexpr int kTimes = 50;

template <typename Step>
void Count(const Step& step, const char* name) {
  for (int i = 0; i < kTimes; ++i) step();
  CALLGRIND_ZERO_STATS;
  for (int i = 0; i < kTimes; ++i) step();
  CALLGRIND_DUMP_STATS_AT(name);
}

void CountAll(const OnceSample& sample, const char* request, const char* reply) {
  TranslateSteps steps(sample);
  Count([&] { return steps.Request(); }, request);
  Count([&] { return steps.Response(); }, reply);
}

int Main() {
  CountAll(SymphonySample(), "symphony.request", "symphony.reply");
  CountAll(LargestQlikSample(), "qlik.request", "qlik.reply");
  return 0;
}

}  // namespace
}  // namespace session_gateway

int main() { return session_gateway::Main(); }
