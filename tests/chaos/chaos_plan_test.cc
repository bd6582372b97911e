// Plans as texts and as random mixtures, and where a flow of TLS records ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/chaos/chaos_flow.h"

namespace session_gateway {
namespace {

using testing::HasSubstr;

// Records of 5 + 3, 5 + 0 and 5 + 4 bytes.
const std::string kRecords("\x16\x03\x01\x00\x03xyz\x14\x03\x03\x00\x00\x17\x03\x03\x00\x04wxyz", 22);

std::string ThroughFlow(const ChaosDirection& plan, std::size_t piece, ChaosFlowCount& count) {
  const ChaosFlow::TimePoint now = {};
  ChaosFlow flow(plan, {.upstream_port = 1, .keep_records = 8});
  std::string out;
  for (std::size_t at = 0; at < kRecords.size() && !flow.AtEnd(); at += piece) {
    flow.Put(kRecords.substr(at, piece), now);
    const std::string_view ready = flow.Ready(now);
    out.append(ready);
    flow.Sent(ready.size(), now);
  }
  count = flow.count();
  return out;
}

TEST(ChaosFlowTest, EndsBehindAndInsideOfEachRecord) {
  const std::size_t starts[] = {0, 8, 13, 22};
  for (const std::size_t piece : {1u, 2u, 7u, 22u}) {
    for (std::size_t record = 0; record < 3; ++record) {
      for (std::size_t bytes = 0; bytes < 12; ++bytes) {
        ChaosDirection plan;
        plan.end_at_record = {record, bytes};
        ChaosFlowCount count;
        const std::size_t end = std::min(starts[record] + bytes, starts[record + 1]);
        EXPECT_EQ(ThroughFlow(plan, piece, count), kRecords.substr(0, end)) << record << '+' << bytes;
      }
    }
  }
}

TEST(ChaosFlowTest, RemembersRecords) {
  ChaosFlowCount count;
  EXPECT_EQ(ThroughFlow({}, 3, count), kRecords);
  ASSERT_EQ(count.records.size(), 3u);
  EXPECT_EQ(count.records[0].type, 22);
  EXPECT_EQ(count.records[0].bytes, 8u);
  EXPECT_EQ(count.records[1].bytes, 5u);
  EXPECT_EQ(count.records[2].type, 23);
  EXPECT_EQ(count.records[2].bytes, 9u);
}

TEST(ChaosPlanTest, IsReadAsItIsWritten) {
  for (const std::string text :
       {"accept=forward", "accept=ignore upstream=4242", "accept=forward request.delay=10 request.drip=1/20",
        "accept=forward request.end=reset@17 answer.end=stall@record:2+5",
        "accept=swallow answer.end=half@0"}) {
    const auto parsed = ParsePlan(text);
    ASSERT_TRUE(std::holds_alternative<ChaosPlan>(parsed)) << std::get<std::string>(parsed);
    EXPECT_EQ(DescribePlan(std::get<ChaosPlan>(parsed)), text);
  }
  for (const std::string text : {"accept=maybe", "request.end=reset", "request.end=reset@x", "answer.drip=1",
                                 "else=1", "upstream=70000", "answer.end=stall@record:2"}) {
    EXPECT_TRUE(std::holds_alternative<std::string>(ParsePlan(text))) << text;
  }
}

TEST(ChaosPlanTest, ASeedRepeatsItsMixture) {
  const auto describe = [](std::uint64_t seed) {
    const ChaosChooser chooser = RandomPlans(seed, EvenMix(0.7));
    std::string all;
    for (int i = 0; i < 300; ++i) all += DescribePlan(chooser(i)) + "\n";
    return all;
  };
  EXPECT_EQ(describe(7), describe(7));
  EXPECT_NE(describe(7), describe(8));
  for (const std::string what : {"accept=reset", "accept=close", "accept=ignore", "accept=swallow",
                                 "request.delay=", "answer.drip=", "request.end=half@", "answer.end=reset@",
                                 "request.end=stall@", "answer.end=drop@"}) {
    EXPECT_THAT(describe(7), HasSubstr(what));
  }
  const ChaosChooser none = RandomPlans(7, EvenMix(0));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(DescribePlan(none(i)), "accept=forward");
}

}  // namespace
}  // namespace session_gateway
