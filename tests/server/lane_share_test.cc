// How many lanes there are, and what of the bounds each gets.
#include "server/lane_share.h"

#include <gtest/gtest.h>

namespace session_gateway {
namespace {

TEST(LaneCount, IsThatOfTheConfigurationOrHalfTheProcessors) {
  Config config;
  EXPECT_EQ(LaneCount(config, 0), 1u) << "not known";
  EXPECT_EQ(LaneCount(config, 1), 1u);
  EXPECT_EQ(LaneCount(config, 2), 1u);
  EXPECT_EQ(LaneCount(config, 16), 8u);
  EXPECT_EQ(LaneCount(config, 1000), kLanesMax);
  config.threads = 3;
  EXPECT_EQ(LaneCount(config, 1), 3u);
}

TEST(LaneShare, OneLaneHasAll) {
  const Config config;
  EXPECT_EQ(DescribeConfig(ShareOf(config, 1)), DescribeConfig(config));
}

TEST(LaneShare, IsAnEqualPartRoundedUp) {
  Config config;
  config.bulkhead = {.calls = 4, .queue = 0};
  config.engine.connections = 7;
  config.engine.idle_connections = 1;
  config.engine.threads = 256;
  config.creates.ledger_entries = 250'000;
  config.creates.ledger_bytes = 3001;
  config.creates.redis.operations = 10;
  const Config share = ShareOf(config, 3);
  EXPECT_EQ(share.bulkhead.calls, 2u);
  EXPECT_EQ(share.bulkhead.queue, 0u) << "none may wait";
  EXPECT_EQ(share.engine.connections, 3u);
  EXPECT_EQ(share.engine.idle_connections, 1u);
  EXPECT_EQ(share.engine.threads, 86u);
  EXPECT_EQ(share.creates.ledger_entries, 83'334u);
  EXPECT_EQ(share.creates.ledger_bytes, 1001u);
  EXPECT_EQ(share.creates.redis.operations, 4u);
  EXPECT_EQ(share.limits.calls, config.limits.calls) << "the lanes share it";
}

TEST(LaneShare, LeavesALogonItsConnection) {
  Config config;
  for (std::size_t calls = 1; calls < 200; ++calls) {
    config.bulkhead.calls = calls;
    config.engine.connections = calls + 1;
    for (std::size_t lanes = 1; lanes <= kLanesMax; ++lanes) {
      const Config share = ShareOf(config, lanes);
      EXPECT_GT(share.engine.connections, share.bulkhead.calls) << calls << " on " << lanes;
      EXPECT_LE(share.engine.connections, (calls + 1) / lanes + 2) << calls << " on " << lanes;
    }
  }
  // Who has no more of them than calls gets no more.
  config.engine.connections = config.bulkhead.calls = 9;
  EXPECT_EQ(ShareOf(config, 3).engine.connections, 3u);
}

}  // namespace
}  // namespace session_gateway
