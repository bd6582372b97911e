// The gateway under load, as a process of its own against a sandbox of its own: no call fails, nothing is
// created twice or not at all, nothing is left behind.
#include <gtest/gtest.h>

#include "tests/gateway/load_client.h"
#include "tests/gateway/programs.h"

namespace session_gateway {
namespace {

// A sanitizer makes each call many times as slow, and its own memory says nothing about the gateway's.
#ifdef SESSION_GATEWAY_SANITIZED
constexpr int kHalf = 500;
constexpr bool kMeasuresMemory = false;
#else
constexpr int kHalf = 5000;
constexpr bool kMeasuresMemory = true;
#endif
constexpr int kInFlight = 64;
// Some hundred bytes a call that are not given back come to more. Stacks and heaps of threads that a busy
// machine lets work late come to less.
constexpr long kGrowthKilobytesMax = 2048;

void ExpectAllGood(const LoadResult& result) {
  EXPECT_EQ(result.errors, 0) << result.first_error;
  EXPECT_EQ(result.symphony_calls, kHalf / 2);
  EXPECT_EQ(result.qlik_calls, kHalf / 2);
}

TEST(GatewayLoad, CreatesOnceForEachCallAndLeavesNothingBehind) {
  const SandboxProgram sandbox;
  const TemporaryFile config(ConfigFor(sandbox.symphony_endpoint(), sandbox.qlik_endpoint()));
  GatewayProgram gateway({"--config", config.path()});
  LoadClient client(gateway.address());

  ExpectAllGood(client.Run(kHalf, kInFlight));
  const long half_way = ResidentKilobytes(gateway.process().pid());
  ExpectAllGood(client.Run(kHalf, kInFlight));
  const long end = ResidentKilobytes(gateway.process().pid());
  RecordProperty("resident_kilobytes_half_way", std::to_string(half_way));
  RecordProperty("resident_kilobytes_at_the_end", std::to_string(end));
  EXPECT_GT(half_way, 0);
  if (kMeasuresMemory) {
    EXPECT_LE(end - half_way, kGrowthKilobytesMax) << half_way << " kB half way, " << end << " kB at the end";
  }

  EXPECT_EQ(sandbox.symphony().Count("creates"), kHalf);
  EXPECT_EQ(sandbox.qlik().Count("creates"), kHalf);
  EXPECT_EQ(sandbox.symphony().Count("requests"), kHalf);
  EXPECT_EQ(sandbox.qlik().Count("requests"), kHalf);
  // Connections are kept: never more than calls at once.
  EXPECT_LE(sandbox.symphony().Count("connections"), kInFlight);
  EXPECT_LE(sandbox.qlik().Count("connections"), kInFlight);
  // A leak sanitizer speaks through the exit code.
  EXPECT_EQ(gateway.Stop(), 0) << gateway.process().log();
}

}  // namespace
}  // namespace session_gateway
