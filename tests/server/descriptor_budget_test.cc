#include "server/descriptor_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace session_gateway {
namespace {

// Two endpoints with 100 connections each.
Config Sample() {
  Config config;
  config.engine.connections = 100;
  config.limits.connections = 500;
  config.symphony.emplace().endpoints = {{"http", "a", 1, ""}};
  config.qlik.emplace().endpoints = {{"http", "b", 1, ""}};
  return config;
}

TEST(DescriptorBudgetTest, EnoughForAllGivesAll) {
  const DescriptorBudget budget = ShareDescriptors(Sample(), 1, 748);
  EXPECT_EQ(budget.connections, 500u);
  EXPECT_EQ(budget.warning, std::nullopt);
}

TEST(DescriptorBudgetTest, TheUpstreamsComeFirst) {
  for (const auto& [limit, connections] : {std::pair<std::size_t, std::size_t>{747, 499},
                                           {548, 300},
                                           {448, 200},
                                           {348, 150},
                                           {248, 100},
                                           {64, 8},
                                           {48, 1},
                                           {10, 1}}) {
    const DescriptorBudget budget = ShareDescriptors(Sample(), 1, limit);
    EXPECT_EQ(budget.connections, connections) << limit;
    ASSERT_TRUE(budget.warning) << limit;
    EXPECT_THAT(*budget.warning,
                testing::StartsWith("limits.connections and pool.connections may need 748 "));
    EXPECT_THAT(*budget.warning, testing::HasSubstr("may have " + std::to_string(limit) + ";"));
  }
}

TEST(DescriptorBudgetTest, ThreadsHaveTheirs) {
  Config config = Sample();
  config.engine.threads = 10;
  EXPECT_EQ(ShareDescriptors(config, 1, 748).connections, 500u);
  config.engine.kind = EngineKind::kHttplib;
  EXPECT_EQ(ShareDescriptors(config, 1, 768).connections, 500u);
  EXPECT_EQ(ShareDescriptors(config, 1, 767).connections, 499u);
}

// Parts of 34 and of 4 at each of two endpoints.
TEST(DescriptorBudgetTest, LanesHaveTheirsAndRoundUp) {
  Config config = Sample();
  EXPECT_EQ(ShareDescriptors(config, 3, 760).connections, 500u);
  EXPECT_EQ(ShareDescriptors(config, 3, 759).connections, 499u);
  config.engine.threads = 10;
  config.engine.kind = EngineKind::kHttplib;
  EXPECT_EQ(ShareDescriptors(config, 3, 784).connections, 500u);
  EXPECT_EQ(ShareDescriptors(config, 3, 783).connections, 499u);
}

TEST(DescriptorBudgetTest, TheLimitIsRaisedAsFarAsItGoes) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{.rlim_cur = 100, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(RaiseDescriptorLimit(), before.rlim_max);
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace session_gateway
