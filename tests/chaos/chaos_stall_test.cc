// Connections that stand still: the caller's deadline ends the wait with phase and outcome, and nothing that
// had not begun to leave is sent behind it.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/chaos/chaos_bed.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience = std::chrono::seconds(20);
#ifdef SESSION_GATEWAY_SANITIZED
constexpr milliseconds kDeadline{3000};
#else
constexpr milliseconds kDeadline{800};
#endif
// Longer than the system waits before it tries a connection again.
constexpr milliseconds kSilence{1300};

class ChaosStalls : public testing::TestWithParam<ChaosPlace> {
 protected:
  static bool IsSymphony() { return GetParam().upstream == SandboxUpstream::kSymphony; }

  // One call for each plan, all in flight together. Each has a connection of its own, in their order.
  static std::vector<ChaosTold> CallAll(ChaosBed& bed, const std::vector<ChaosPlan>& plans,
                                        milliseconds deadline) {
    bed.proxy().EndOpen(ChaosEnd::kReset);
    bed.WaitUntilClosed();
    const int before = bed.proxy().totals().accepted;
    for (const ChaosPlan& plan : plans) bed.proxy().PlanNext(plan);
    for (std::size_t i = 0; i < plans.size(); ++i) {
      bed.caller().Start(deadline);
      const int accepted = before + static_cast<int>(i) + 1;
      // Without its connection each plan behind it would meet another call.
      const bool is_there = bed.proxy().WaitFor(
          [=](const ChaosTotals& totals) { return totals.accepted == accepted; }, kPatience);
      EXPECT_TRUE(is_there);
      if (!is_there) break;
    }
    std::vector<ChaosTold> told = bed.caller().WaitForAll();
    for (const ChaosTold& each : told) bed.Note(each);
    EXPECT_EQ(bed.proxy().totals().accepted, before + static_cast<int>(plans.size()));
    return told;
  }

  static std::vector<ChaosPlan> Stalls(bool in_request, const std::vector<std::uint64_t>& places) {
    std::vector<ChaosPlan> plans;
    for (const std::uint64_t n : places) {
      for (const ChaosEnd end : {ChaosEnd::kStall, ChaosEnd::kDrop}) {
        ChaosPlan plan;
        ChaosDirection& direction = in_request ? plan.request : plan.answer;
        direction.end_after = n;
        direction.end = end;
        plans.push_back(plan);
      }
    }
    return plans;
  }

  static std::vector<std::uint64_t> Sample(std::uint64_t below) {
    std::vector<std::uint64_t> places;
    const std::uint64_t parts = IsLongForm() ? 40 : 6;
    for (std::uint64_t i = 0; i <= parts; ++i) places.push_back((below - 1) * i / parts);
    return places;
  }
};

TEST_P(ChaosStalls, InTheRequestAndInTheAnswer) {
  ChaosBed bed({.upstream = GetParam().upstream});
  EXPECT_EQ(bed.Call(kPatience).Row(), "OK");
  const ChaosConnection whole = bed.proxy().last();
  for (const ChaosTold& told : CallAll(bed, Stalls(true, Sample(whole.request.forwarded)), kDeadline)) {
    EXPECT_EQ(told.Row(), "DEADLINE_EXCEEDED DEADLINE unknown") << told.Words();
    EXPECT_EQ(told.phase, "wait");
  }
  EXPECT_EQ(bed.sessions(), 1u);  // none of the requests came whole
  const std::uint64_t head = whole.answer.text.find("\r\n\r\n") + 4;
  const std::vector<std::uint64_t> places = Sample(whole.answer.forwarded);
  const std::vector<ChaosTold> told = CallAll(bed, Stalls(false, places), kDeadline);
  for (std::size_t i = 0; i < told.size(); ++i) {
    const std::uint64_t n = places[i / 2];
    EXPECT_EQ(told[i].Row(), std::string("DEADLINE_EXCEEDED DEADLINE ") + (n >= head ? "done" : "unknown"))
        << n;
    EXPECT_EQ(told[i].phase, n == 0 ? "wait" : "receive") << n;
  }
  EXPECT_EQ(bed.sessions(), 1 + told.size());
  bed.ExpectHonestCount();
}

TEST_P(ChaosStalls, OfALargeRequest) {
  ChaosBed bed({.upstream = GetParam().upstream,
                .body_bytes = 3'900'000,
                .keep_bytes = 0,
                .receive_buffer_bytes = 4096});
  for (const ChaosTold& told : CallAll(bed, Stalls(true, {1, 100'000}), 2 * kDeadline)) {
    EXPECT_EQ(told.Row(), "DEADLINE_EXCEEDED DEADLINE unknown") << told.Words();
    // The system may take all of it before anybody reads.
    EXPECT_TRUE(told.phase == "send" || told.phase == "wait") << told.Words();
  }
  EXPECT_EQ(bed.sessions(), 0u);
  bed.ExpectHonestCount();
}

TEST_P(ChaosStalls, BlackHolesThatAccept) {
  ChaosBed bed({.upstream = GetParam().upstream});
  const ChaosPlan ignore = {.accept = ChaosAccept::kIgnore};
  const ChaosPlan swallow = {.accept = ChaosAccept::kSwallow};
  for (const ChaosTold& told : CallAll(bed, {ignore, swallow, ignore, swallow}, kDeadline)) {
    EXPECT_EQ(told.Row(), "DEADLINE_EXCEEDED DEADLINE unknown") << told.Words();
    EXPECT_EQ(told.phase, "wait");
  }
  EXPECT_EQ(bed.proxy().totals().request_forwarded, 0u);
  bed.ExpectHonestCount();
}

TEST_P(ChaosStalls, WhoCannotConnectSendsNothingBehindTheDeadline) {
  ChaosBed bed({.upstream = GetParam().upstream});
  bed.proxy().SetListening(ChaosListening::kFull);
  for (int i = 0; i < 4; ++i) bed.caller().Start(kDeadline);
  for (const ChaosTold& told : bed.caller().WaitForAll()) {
    bed.Note(told);
    EXPECT_EQ(told.Row(), "DEADLINE_EXCEEDED DEADLINE not_sent") << told.Words();
    EXPECT_EQ(told.phase, "connect");
  }
  bed.proxy().SetListening(ChaosListening::kOpen);
  EXPECT_FALSE(
      bed.proxy().WaitFor([](const ChaosTotals& totals) { return totals.request_received > 0; }, kSilence));
  EXPECT_EQ(bed.Call(kPatience).Row(), "OK");
  EXPECT_EQ(bed.sessions(), 1u);
  bed.ExpectHonestCount();
}

TEST_P(ChaosStalls, AHandshakeThatStandsStillSendsNothing) {
  ChaosBed bed({.upstream = GetParam().upstream, .tls = true});
  std::vector<ChaosPlan> plans;
  for (const std::size_t bytes : {0u, 1u, 20u, 200u}) {
    for (const ChaosEnd end : {ChaosEnd::kStall, ChaosEnd::kDrop}) {
      ChaosPlan plan;
      plan.answer.end_after = bytes;
      plan.answer.end = end;
      plans.push_back(plan);
      plan = {};
      plan.request.end_after = bytes;
      plan.request.end = end;
      plans.push_back(plan);
    }
  }
  for (const ChaosTold& told : CallAll(bed, plans, kDeadline)) {
    EXPECT_EQ(told.Row(), "DEADLINE_EXCEEDED DEADLINE not_sent") << told.Words();
    EXPECT_EQ(told.phase, "handshake");
  }
  // A handshake that is over sends an alert at most; nobody has gone on with it.
  bed.WaitUntilClosed();
  for (const ChaosConnection& seen : bed.proxy().connections()) {
    for (const ChaosRecord& record : seen.request.records) EXPECT_NE(record.type, 23) << "application data";
  }
  EXPECT_EQ(bed.sandbox().counters(GetParam().upstream).requests, 0u);
  bed.ExpectHonestCount();
}

INSTANTIATE_TEST_SUITE_P(Places, ChaosStalls,
                         testing::Values(ChaosPlace{SandboxUpstream::kSymphony, false},
                                         ChaosPlace{SandboxUpstream::kQlik, false}),
                         [](const auto& place) { return NameOf(place.param); });

TEST(ChaosLogonStalls, NothingIsCreatedBehindTheDeadline) {
  ChaosBed bed({.upstream = SandboxUpstream::kSymphony, .logon = true});
  ChaosPlan plan;
  plan.answer.delay = kDeadline + milliseconds(500);  // the log-on itself goes on, for whoever comes next
  bed.proxy().SetPlan(plan);
  for (int i = 0; i < 4; ++i) bed.caller().Start(kDeadline);
  for (const ChaosTold& told : bed.caller().WaitForAll()) {
    bed.Note(told);
    EXPECT_EQ(told.Row(), "DEADLINE_EXCEEDED DEADLINE not_sent") << told.Words();
    EXPECT_EQ(told.phase, "logon");
  }
  // The answer that they waited for comes, and none of them goes on.
  EXPECT_TRUE(
      bed.proxy().WaitFor([](const ChaosTotals& totals) { return totals.answer_forwarded > 0; }, kPatience));
  EXPECT_FALSE(
      bed.proxy().WaitFor([](const ChaosTotals& totals) { return totals.accepted > 1; }, milliseconds(300)));
  EXPECT_EQ(bed.sessions(), 0u);
  bed.proxy().Forward();
  bed.proxy().EndOpen(ChaosEnd::kClose);
  EXPECT_EQ(bed.Call(kPatience).Row(), "OK");
  EXPECT_EQ(bed.sandbox().counters(SandboxUpstream::kSymphony).logons, 1u);
  bed.ExpectHonestCount();
}

}  // namespace
}  // namespace session_gateway
