// Many deadlines at once, in each phase of an exchange: every caller gets the gateway's answer, with its
// details, close behind the moment at which the gateway gives up.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/chaos/chaos_bed.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

#ifdef SESSION_GATEWAY_SANITIZED
constexpr int kCalls = 100;
constexpr int kInFlight = 25;
constexpr milliseconds kLateness{500};
#else
constexpr int kCalls = 1000;
constexpr int kInFlight = 250;
constexpr milliseconds kLateness{250};
#endif
constexpr milliseconds kLatenessLong{50};
// Below a second the gateway's margin is less than its most.
constexpr milliseconds kShortest{1000};
constexpr milliseconds kShortestLong{200};
constexpr milliseconds kMixtureDeadline{2000};
constexpr milliseconds kPatience = std::chrono::seconds(20);

// Where the exchange stands still.
struct StallPhase {
  std::string name;
  ChaosPlan plan;
  ChaosListening listening = ChaosListening::kOpen;
  bool tls = false;
  bool logon = false;
  std::string told;  // the row and the phase
};

std::vector<StallPhase> Phases() {
  ChaosPlan answer;
  answer.answer.end_after = 0;
  answer.answer.end = ChaosEnd::kStall;
  ChaosPlan drip;
  drip.answer.drip_bytes = 1;
  drip.answer.drip_interval = milliseconds(50);
  const std::string not_sent = "DEADLINE_EXCEEDED DEADLINE not_sent ";
  const std::string unknown = "DEADLINE_EXCEEDED DEADLINE unknown ";
  return {{"connect", {}, ChaosListening::kFull, false, false, not_sent + "connect"},
          {"handshake", answer, ChaosListening::kOpen, true, false, not_sent + "handshake"},
          {"logon", answer, ChaosListening::kOpen, false, true, not_sent + "logon"},
          {"wait", answer, ChaosListening::kOpen, false, false, unknown + "wait"},
          {"receive", drip, ChaosListening::kOpen, false, false, unknown + "receive"}};
}

// When the gateway ends a call, from its arrival on.
nanoseconds OwnDeadline(milliseconds deadline) {
  return deadline - std::min<nanoseconds>(nanoseconds(deadline) / 10, milliseconds(100));
}

class ChaosDeadlines : public testing::TestWithParam<StallPhase> {};

TEST_P(ChaosDeadlines, AreKept) {
  const StallPhase& phase = GetParam();
  ChaosBed bed({.tls = phase.tls, .logon = phase.logon, .keep_bytes = 0});
  bed.proxy().SetPlan(phase.plan);
  bed.proxy().SetListening(phase.listening);
  // The long form has the whole number in each phase, the short one shares it out.
  const int calls = IsLongForm() ? kCalls : kCalls / static_cast<int>(Phases().size());
  std::mt19937_64 random(ChaosSeed());
  std::vector<nanoseconds> late;
  const auto told = bed.caller().Run(calls, kInFlight, [&random](int) {
    return (IsLongForm() ? kShortestLong : kShortest) + milliseconds(random() % 800);
  });
  int unanswered = 0;
  for (const ChaosTold& each : told) {
    late.push_back(each.took - OwnDeadline(each.deadline));
    if (!each.by_gateway) {
      bed.NoteUnanswered(each);
      ++unanswered;
      continue;
    }
    bed.Note(each);
    EXPECT_EQ(each.Row() + " " + each.phase, phase.told) << each.Words();
    EXPECT_GE(late.back(), milliseconds(-5)) << "ended too early: " << each.deadline.count();
  }
  // A machine that does other things as well may take longer than the gateway's margin.
  EXPECT_LE(unanswered, IsLongForm() ? 0 : calls / 20);
  std::sort(late.begin(), late.end());
  const auto at = [&late](double share) {
    return std::chrono::duration<double, std::milli>(
               late[static_cast<std::size_t>(share * static_cast<double>(late.size() - 1))])
        .count();
  };
  EXPECT_LE(at(0.99), static_cast<double>((IsLongForm() ? kLatenessLong : kLateness).count()));
  PrintFigure(absl::StrCat("deadlines, ", phase.name, ": ", calls, " calls, ", kInFlight,
                           " in flight: late by p50 ", at(0.5), " ms, p99 ", at(0.99), " ms, most ", at(1),
                           " ms"));
  bed.ExpectHonestCount();
  EXPECT_LE(bed.sessions(), static_cast<std::uint64_t>(bed.tally().unknown));
}

INSTANTIATE_TEST_SUITE_P(Phases, ChaosDeadlines, testing::ValuesIn(Phases()),
                         [](const auto& phase) { return phase.param.name; });

class ChaosMixtures : public testing::TestWithParam<ChaosPlace> {};

// Every fault in a random order over connections that are kept and used again.
TEST_P(ChaosMixtures, AreCountedHonestly) {
  const std::uint64_t seed = ChaosSeed();
#ifdef SESSION_GATEWAY_SANITIZED
  const int calls = 100;
#else
  const int calls = IsLongForm() ? 5000 : 400;
#endif
  ChaosBed bed({.upstream = GetParam().upstream, .tls = GetParam().tls, .repeats = true, .keep_bytes = 0});
  ChaosMix mix = EvenMix(0.6);
  // Stalls take a whole deadline each.
  mix.black_hole = mix.stall = 0.04;
  mix.life_bytes_max = GetParam().tls ? 16384 : 4096;
  bed.proxy().SetChooser(RandomPlans(seed, mix));
  const auto told = bed.caller().Run(calls, 32, [](int) { return kMixtureDeadline; });
  std::map<std::string, int> rows;
  int unanswered = 0;
  for (const ChaosTold& each : told) {
    ++rows[each.Row()];
    // Deadlines are another test's; here they only end stalls.
    if (each.by_gateway) {
      bed.Note(each);
    } else {
      bed.NoteUnanswered(each);
      ++unanswered;
    }
  }
  EXPECT_LE(unanswered, calls / 20);
  bed.ExpectHonestCount();
  EXPECT_GT(rows["OK"], 0);
  EXPECT_GT(rows["UNKNOWN OUTCOME_UNKNOWN unknown"], 0);
  std::string all;
  for (const auto& [row, count] : rows) absl::StrAppend(&all, "; ", count, " ", row);
  PrintFigure(absl::StrCat("mixture ", seed, ", ", NameOf(GetParam()), ": ", bed.tally().Words(), "; ",
                           bed.sessions(), " sessions", all));
}

INSTANTIATE_TEST_SUITE_P(Places, ChaosMixtures,
                         testing::Values(ChaosPlace{SandboxUpstream::kSymphony, false},
                                         ChaosPlace{SandboxUpstream::kSymphony, true},
                                         ChaosPlace{SandboxUpstream::kQlik, false},
                                         ChaosPlace{SandboxUpstream::kQlik, true}),
                         [](const auto& place) { return NameOf(place.param); });

}  // namespace
}  // namespace session_gateway
