// A connection that ends after byte n of an exchange, for every n, in either direction and each way: what the
// caller is told is what the bytes that went through demand, and the sessions at the upstream agree.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/chaos/chaos_bed.h"
#include "tests/chaos/chaos_expectation.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDeadline = std::chrono::seconds(20);
constexpr ChaosEnd kEnds[] = {ChaosEnd::kClose, ChaosEnd::kReset, ChaosEnd::kHalfClose};

#ifdef SESSION_GATEWAY_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

class ChaosCuts : public testing::TestWithParam<ChaosPlace> {
 protected:
  // What one exchange takes, the first of a connection.
  ChaosMark Measure(ChaosBed& bed) {
    EXPECT_EQ(bed.Call(kDeadline).Row(), "OK");
    const ChaosConnection whole = bed.proxy().last();
    return {whole.request.forwarded, whole.answer.forwarded};
  }

  // No connection is left over from before.
  static void BeginWith(ChaosBed& bed, const ChaosPlan& plan) {
    bed.proxy().EndOpen(ChaosEnd::kReset);
    bed.WaitUntilClosed();
    bed.proxy().SetPlan(plan);
  }

  static ChaosPlan Cut(bool in_request, std::uint64_t after, ChaosEnd end) {
    ChaosPlan plan;
    ChaosDirection& direction = in_request ? plan.request : plan.answer;
    direction.end_after = after;
    direction.end = end;
    return plan;
  }

  // One call over a new connection with that plan.
  static void CallAndJudge(ChaosBed& bed, const ChaosPlan& plan) {
    BeginWith(bed, plan);
    const int before = bed.proxy().totals().accepted;
    const ChaosTold told = bed.Call(kDeadline);
    // The gateway may keep a connection whose answer came whole.
    if (plan.request.end != ChaosEnd::kHalfClose && told.code != "OK") bed.WaitUntilClosed();
    ASSERT_EQ(bed.proxy().totals().accepted, before + 1) << DescribePlan(plan) << ": " << told.Words();
    EXPECT_EQ(told.Row(), DemandedRow(bed.proxy().last(), {})) << DescribePlan(plan) << ": " << told.Words();
    bed.ExpectEnoughSessions();
  }

  // All places of one direction in one way.
  static int CutAll(ChaosBed& bed, bool in_request, std::uint64_t bytes, ChaosEnd end, std::uint64_t stride) {
    int places = 0;
    for (std::uint64_t n = 0; n <= bytes; n += stride, ++places) {
      CallAndJudge(bed, Cut(in_request, n, end));
      if (testing::Test::HasFailure()) break;
    }
    return places;
  }
};

TEST_P(ChaosCuts, AfterEveryByteOfAnExchange) {
  ChaosBed bed({.upstream = GetParam().upstream});
  const ChaosMark whole = Measure(bed);
  std::uint64_t stride = kSanitized ? 23 : 1;
  int places = 0;
  for (const ChaosEnd end : kEnds) {
    places += CutAll(bed, true, whole.request, end, stride);
    places += CutAll(bed, false, whole.answer, end, stride);
    // A half-close differs from the others in few places.
    if (!IsLongForm() && end == ChaosEnd::kReset) stride = std::max<std::uint64_t>(stride, 11);
  }
  bed.ExpectHonestCount();
  EXPECT_GT(bed.tally().unknown, 0);
  EXPECT_GT(bed.tally().done, 0);
  PrintFigure(absl::StrCat("cuts, ", NameOf(GetParam()), ", ", whole.request, " + ", whole.answer, " bytes: ",
                           places, " places; ", bed.tally().Words(), "; ", bed.sessions(), " sessions"));
}

TEST_P(ChaosCuts, OfALargeBody) {
  ChaosBed bed({.upstream = GetParam().upstream, .body_bytes = 200'000, .keep_bytes = 512 * 1024});
  const ChaosMark whole = Measure(bed);
  ASSERT_GT(whole.request, 200'000u);
  const std::uint64_t parts = IsLongForm() ? 200 : kSanitized ? 3 : 7;
  for (const ChaosEnd end : {ChaosEnd::kClose, ChaosEnd::kReset}) {
    // The last places are the last byte and the whole.
    for (std::uint64_t i = 0; i <= parts; ++i) {
      CallAndJudge(bed, Cut(true, whole.request * i / parts - (i == parts ? 1 : 0), end));
      CallAndJudge(bed, Cut(false, whole.answer * i / parts, end));
    }
    CallAndJudge(bed, Cut(true, whole.request, end));
  }
  bed.ExpectHonestCount();
  PrintFigure(absl::StrCat("cuts of a large body, ", NameOf(GetParam()), ": ", bed.tally().Words(), "; ",
                           bed.sessions(), " sessions"));
}

TEST_P(ChaosCuts, InTheSecondExchangeOfAConnection) {
  ChaosBed bed({.upstream = GetParam().upstream});
  const ChaosMark first = Measure(bed);
  const std::uint64_t stride = IsLongForm() ? 1 : kSanitized ? 149 : 7;
  for (const ChaosEnd end : {ChaosEnd::kClose, ChaosEnd::kReset}) {
    for (const bool in_request : {true, false}) {
      const std::uint64_t bytes = in_request ? first.request : first.answer;
      // At nothing the connection would end behind the first exchange.
      for (std::uint64_t n = 1; n <= bytes; n += stride) {
        BeginWith(bed, Cut(in_request, bytes + n, end));
        ASSERT_EQ(bed.Call(kDeadline).Row(), "OK");
        const int accepted = bed.proxy().totals().accepted;
        const ChaosConnection kept = bed.proxy().last();
        const ChaosTold told = bed.Call(kDeadline);
        ASSERT_EQ(bed.proxy().totals().accepted, accepted)
            << "the connection was not kept, or the call was repeated";
        const ChaosMark mark = {kept.request.received, kept.answer.forwarded};
        EXPECT_EQ(told.Row(), DemandedRow(bed.proxy().last(), mark)) << n << ": " << told.Words();
        bed.ExpectEnoughSessions();
      }
    }
  }
  bed.ExpectHonestCount();
}

TEST_P(ChaosCuts, AnIdleConnectionThatEndsIsNotUsed) {
  ChaosBed bed({.upstream = GetParam().upstream});
  for (const ChaosEnd end : {ChaosEnd::kClose, ChaosEnd::kReset}) {
    EXPECT_EQ(bed.Call(kDeadline).Row(), "OK");
    bed.proxy().EndOpen(end);
    EXPECT_EQ(bed.Call(kDeadline).Row(), "OK");
  }
  EXPECT_EQ(bed.sessions(), 4u);
}

TEST_P(ChaosCuts, ASlowNetworkChangesNothing) {
  ChaosBed bed({.upstream = GetParam().upstream});
  ChaosPlan plan;
  plan.request = {.delay = milliseconds(20), .drip_bytes = 64, .drip_interval = milliseconds(2)};
  plan.answer = plan.request;
  bed.proxy().SetPlan(plan);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bed.Call(kDeadline).Row(), "OK");
  EXPECT_EQ(bed.sessions(), 3u);
}

TEST_P(ChaosCuts, WhoCannotConnectIsToldSo) {
  ChaosBed bed({.upstream = GetParam().upstream});
  bed.proxy().SetListening(ChaosListening::kClosed);
  const ChaosTold refused = bed.Call(kDeadline);
  EXPECT_EQ(refused.Row(), "UNAVAILABLE UPSTREAM_UNREACHABLE not_sent");
  EXPECT_EQ(refused.phase, "connect");
  EXPECT_EQ(bed.proxy().totals().accepted, 0);
  bed.proxy().SetListening(ChaosListening::kOpen);
  // Accepted and ended at once: whether a byte had left by then is the system's to tell, and the gateway's to
  // pass on.
  for (const ChaosAccept accept : {ChaosAccept::kReset, ChaosAccept::kClose}) {
    for (int i = 0; i < 20; ++i) {
      bed.proxy().SetPlan({.accept = accept});
      const ChaosTold told = bed.Call(kDeadline);
      EXPECT_TRUE(told.Row() == "UNAVAILABLE UPSTREAM_UNREACHABLE not_sent" ||
                  told.Row() == "UNKNOWN OUTCOME_UNKNOWN unknown")
          << told.Words();
    }
  }
  EXPECT_EQ(bed.sessions(), 0u);
  bed.proxy().Forward();
  EXPECT_EQ(bed.Call(kDeadline).Row(), "OK");
}

INSTANTIATE_TEST_SUITE_P(Places, ChaosCuts,
                         testing::Values(ChaosPlace{SandboxUpstream::kSymphony, false},
                                         ChaosPlace{SandboxUpstream::kQlik, false}),
                         [](const auto& place) { return NameOf(place.param); });

}  // namespace
}  // namespace session_gateway
