// The same with TLS: a connection that ends behind each record and inside of it, from the first of the
// handshake to the last of the answer, and an upstream whose certificate was swapped.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/chaos/chaos_bed.h"

namespace session_gateway {
namespace {

constexpr std::chrono::milliseconds kDeadline = std::chrono::seconds(20);
constexpr char kNotSent[] = "UNAVAILABLE UPSTREAM_UNREACHABLE not_sent";
constexpr char kUnknown[] = "UNKNOWN OUTCOME_UNKNOWN unknown";
constexpr char kUnreadable[] = "INTERNAL ANSWER_UNREADABLE done";

// How the records of one connection with one exchange are divided.
struct Records {
  std::size_t request = 0;         // all that the gateway sends
  std::size_t request_before = 0;  // of them those of the handshake
  std::size_t answer = 0;          // all that the upstream sends
  std::size_t answer_before = 0;   // of them those of the handshake, its tickets included
};

class ChaosTls : public testing::TestWithParam<ChaosPlace> {
 protected:
  // Two exchanges over one connection: what the second adds is an exchange without a handshake.
  static Records Measure(ChaosBed& bed) {
    EXPECT_EQ(bed.Call(kDeadline).Row(), "OK");
    const ChaosConnection first = bed.proxy().last();
    EXPECT_EQ(bed.Call(kDeadline).Row(), "OK");
    const ChaosConnection second = bed.proxy().last();
    EXPECT_EQ(first.index, second.index);
    const std::size_t request = second.request.records.size() - first.request.records.size();
    const std::size_t answer = second.answer.records.size() - first.answer.records.size();
    return {first.request.records.size(), first.request.records.size() - request, first.answer.records.size(),
            first.answer.records.size() - answer};
  }

  static std::uint64_t EndOf(const ChaosFlowCount& flow, std::size_t records) {
    if (flow.records.size() < records) return ~std::uint64_t{0};
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < records; ++i) bytes += flow.records[i].bytes;
    return bytes;
  }

  // What may be told of a call over this connection.
  static std::vector<std::string> Demanded(const ChaosConnection& seen, const Records& records,
                                           ChaosEnd end) {
    const std::uint64_t handshake = EndOf(seen.request, records.request_before);
    if (seen.request.forwarded <= handshake) {
      if (end == ChaosEnd::kClose) return {seen.request.received > handshake ? kUnknown : kNotSent};
      // A reset throws away what nobody has counted.
      return {kUnknown, kNotSent};
    }
    if (seen.answer.forwarded >= EndOf(seen.answer, records.answer)) return {"OK"};
    // The header is in the first record of the answer.
    const bool has_header = seen.answer.forwarded >= EndOf(seen.answer, records.answer_before + 1);
    return {has_header ? kUnreadable : kUnknown};
  }

  static void CallAndJudge(ChaosBed& bed, const ChaosPlan& plan, const Records& records) {
    bed.proxy().EndOpen(ChaosEnd::kReset);
    bed.WaitUntilClosed();
    bed.proxy().SetPlan(plan);
    const int before = bed.proxy().totals().accepted;
    const ChaosTold told = bed.Call(kDeadline);
    if (told.Row() != "OK") bed.WaitUntilClosed();
    if (told.outcome != "not_sent") {
      ASSERT_EQ(bed.proxy().totals().accepted, before + 1) << "a create was sent twice: " << told.Words();
    }
    const ChaosConnection seen = bed.proxy().last();
    const bool ends_request = plan.request.end_at_record || plan.request.end_after;
    const ChaosEnd end = ends_request ? plan.request.end : plan.answer.end;
    const std::vector<std::string> demanded = Demanded(seen, records, end);
    EXPECT_NE(std::find(demanded.begin(), demanded.end(), told.Row()), demanded.end())
        << DescribePlan(plan) << ": " << told.Words() << ", not " << demanded.front() << "; "
        << seen.request.received << '/' << seen.request.forwarded << " and " << seen.answer.received << '/'
        << seen.answer.forwarded;
    bed.ExpectEnoughSessions();
  }

  // Behind the record, inside of its header and of its body.
  static int CutAll(ChaosBed& bed, const Records& records, bool in_request, ChaosEnd end) {
    int places = 0;
    const std::size_t count = in_request ? records.request : records.answer;
    for (std::size_t record = 0; record <= count; ++record) {
      for (const std::size_t bytes : {0u, 1u, 5u, 6u, 20u}) {
        ChaosPlan plan;
        ChaosDirection& direction = in_request ? plan.request : plan.answer;
        direction.end_at_record = {record, bytes};
        direction.end = end;
        CallAndJudge(bed, plan, records);
        ++places;
        if (HasFailure()) return places;
      }
    }
    return places;
  }
};

TEST_P(ChaosTls, BehindAndInsideOfEveryRecord) {
  for (const std::size_t body_bytes : {std::size_t{0}, std::size_t{40'000}}) {
    ChaosBed bed({.upstream = GetParam().upstream, .tls = true, .body_bytes = body_bytes});
    const Records records = Measure(bed);
    ASSERT_GE(records.request_before, 2u);
    ASSERT_GE(records.answer_before, 2u);
    ASSERT_GT(records.answer, records.answer_before);
    int places = 0;
    for (const ChaosEnd end : {ChaosEnd::kClose, ChaosEnd::kReset}) {
      places += CutAll(bed, records, true, end);
      places += CutAll(bed, records, false, end);
    }
    bed.ExpectHonestCount();
    EXPECT_GT(bed.tally().not_sent, 0);
    EXPECT_GT(bed.tally().unknown, 0);
    PrintFigure(absl::StrCat("records, ", NameOf(GetParam()), ", ", body_bytes, " bytes, ", records.request,
                             " + ", records.answer, " records: ", places, " places; ", bed.tally().Words(),
                             "; ", bed.sessions(), " sessions"));
  }
}

TEST_P(ChaosTls, AfterBytesOfTheWholeConnection) {
  ChaosBed bed({.upstream = GetParam().upstream, .tls = true});
  const Records records = Measure(bed);
  const ChaosConnection whole = bed.proxy().last();
#ifdef SESSION_GATEWAY_SANITIZED
  const std::uint64_t stride = 211;
#else
  const std::uint64_t stride = IsLongForm() ? 1 : 29;
#endif
  for (const ChaosEnd end : {ChaosEnd::kClose, ChaosEnd::kReset}) {
    for (const bool in_request : {true, false}) {
      const std::uint64_t bytes =
          in_request ? EndOf(whole.request, records.request) : EndOf(whole.answer, records.answer);
      for (std::uint64_t n = 0; n <= bytes && !HasFailure(); n += stride) {
        ChaosPlan plan;
        ChaosDirection& direction = in_request ? plan.request : plan.answer;
        direction.end_after = n;
        direction.end = end;
        CallAndJudge(bed, plan, records);
      }
    }
  }
  bed.ExpectHonestCount();
  PrintFigure(absl::StrCat("cuts, ", NameOf(GetParam()), ": ", bed.tally().Words(), "; ", bed.sessions(),
                           " sessions"));
}

TEST_P(ChaosTls, ASwappedCertificateIsSentNothing) {
  ChaosBed bed({.upstream = GetParam().upstream, .tls = true});
  EXPECT_EQ(bed.Call(kDeadline).Row(), "OK");
  SandboxOptions options;
  options.tls.emplace();  // of an authority of its own
  Sandbox stranger(options);
  ASSERT_EQ(stranger.Start(), std::nullopt);
  const bool is_symphony = GetParam().upstream == SandboxUpstream::kSymphony;
  bed.proxy().SetUpstream(is_symphony ? stranger.symphony_port() : stranger.qlik_port());
  bed.proxy().EndOpen(ChaosEnd::kClose);
  for (int i = 0; i < 3; ++i) {
    const ChaosTold told = bed.Call(kDeadline);
    EXPECT_EQ(told.Row(), "INTERNAL UPSTREAM_TLS not_sent") << told.Words();
    EXPECT_EQ(told.phase, "handshake");
  }
  stranger.Stop();
  EXPECT_EQ(stranger.counters(GetParam().upstream).requests, 0u);
  // And back.
  bed.proxy().SetUpstream(is_symphony ? bed.sandbox().symphony_port() : bed.sandbox().qlik_port());
  EXPECT_EQ(bed.Call(kDeadline).Row(), "OK");
  EXPECT_EQ(bed.sessions(), 2u);
  bed.ExpectHonestCount();
}

INSTANTIATE_TEST_SUITE_P(Places, ChaosTls,
                         testing::Values(ChaosPlace{SandboxUpstream::kSymphony, true},
                                         ChaosPlace{SandboxUpstream::kQlik, true}),
                         [](const auto& place) { return NameOf(place.param); });

}  // namespace
}  // namespace session_gateway
