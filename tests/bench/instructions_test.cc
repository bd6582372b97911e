// How many instructions a call takes, and how often it allocates: counted, not timed, so that a regression
// fails on any machine, however busy it is.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/bench/call_bed.h"
#include "tests/bench/instruction_count.h"
#include "tests/bench/work_bounds.h"
#include "tests/gateway/child_process.h"

namespace session_gateway {
namespace {

constexpr int kTranslateTimes = 50;  // as translate_count.cc
constexpr int kWarmUpCalls = 100;
constexpr int kCalls = 200;

TEST(Instructions, OfOneTranslatedBodyEachWayStayWithinTheirBounds) {
  const CallgrindFolder folder;
  const std::vector<std::string> tool = folder.Tool();
  std::vector<std::string> arguments(tool.begin() + 1, tool.end());
  arguments.push_back(SESSION_GATEWAY_BINARIES "/translate_count");
  ChildProcess translate(tool.front(), arguments);
  ASSERT_EQ(translate.WaitForEnd(), 0) << translate.log();
  const char* const names[] = {"symphony.request", "symphony.reply", "qlik.request", "qlik.reply"};
  int number = 0;
  for (const char* const name : names) {
    const WorkCount count = ReadCallgrind(folder.file() + "." + std::to_string(++number));
    ExpectWithinBound(std::string("instructions.translate.") + name, count.instructions / kTranslateTimes);
    ExpectWithinBound(std::string("allocations.translate.") + name, count.allocations / kTranslateTimes);
  }
}

TEST(Instructions, OfOneCallThroughTheProgramStayWithinTheirBounds) {
  const CallgrindFolder folder;
  CallBed bed({.tool = folder.Tool()});
  for (const CallKind& kind : kCallKinds) {
    bed.Run(kind, kWarmUpCalls, 1);
    BeginCount(bed.pid());
    bed.Run(kind, kCalls, 1);
    const WorkCount count = EndCount(bed.pid(), folder);
    ExpectWithinBound("instructions.call." + NameOf(kind), count.instructions / kCalls);
    ExpectWithinBound("allocations.call." + NameOf(kind), count.allocations / kCalls);
  }
}

TEST(Instructions, OneAboveItsBoundFails) {
  const std::string name = "instructions.call.symphony";
  const std::int64_t bound = BoundOf(name);
  ASSERT_GT(bound, 0);
  JudgeByBound(name, bound);
  EXPECT_NONFATAL_FAILURE(JudgeByBound(name, bound + 1), "more than its bound");
}

}  // namespace
}  // namespace session_gateway
