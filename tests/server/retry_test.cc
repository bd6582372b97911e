// What is made again, when, how often, and what never is.
#include "server/upstream/retry.h"

#include "tests/server/layer_fixture.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace std::chrono_literals;

// Of what a random time may be.
constexpr std::uint32_t kHalf = 0x80000000;
constexpr std::uint32_t kAlmostAll = 0xffffffff;

class RetryTest : public LayerTest {
 protected:
  RetryTest() { Make({}); }

  void Make(RetryLimits limits) {
    if (limits.backoff_min == RetryLimits().backoff_min) limits.backoff_min = milliseconds(1);
    retry_ = std::make_unique<Retry>(
        loop_.get_executor(), limits, clock_, random_,
        [this](const CallContext&) {
          if (elsewhere_ == 0) return false;
          --elsewhere_;
          return true;
        },
        next_);
  }
  std::string SendOnce(Repeat repeat = Repeat::kOnlyIfNotSent, Duration left = kPatience) {
    const auto call = StartOn(*retry_, "{}", left, repeat);
    return EndOf(*call);
  }
  // Sends with these ends of its attempts, and returns how many attempts were made.
  std::size_t Attempts(std::vector<SendResult> results, Repeat repeat, const std::string& expected_end) {
    next_.results.assign(std::make_move_iterator(results.begin()), std::make_move_iterator(results.end()));
    next_.bodies.clear();
    EXPECT_EQ(SendOnce(repeat), expected_end);
    return next_.bodies.size();
  }

  ScriptedTransport next_{loop_};
  FixedRandom random_;
  int elsewhere_ = 0;  // how often there is an endpoint that was not tried
  std::unique_ptr<Retry> retry_;
};

TEST_F(RetryTest, WhatWasNotSentIsSentAgain) {
  EXPECT_EQ(Attempts({Unreachable(), Answer(200)}, Repeat::kOnlyIfNotSent, "200"), 2u);
  EXPECT_EQ(
      Attempts({Fail(FailureKind::kLost, Phase::kSend, false), Answer(200)}, Repeat::kOnlyIfNotSent, "200"),
      2u);
  EXPECT_EQ(Attempts({Unreachable(), Unreachable(), Answer(500)}, Repeat::kOnlyIfNotSent, "500"), 3u);
}

TEST_F(RetryTest, NothingElseIs) {
  const SendFailure after_refusal = {.kind = FailureKind::kUnreachable,
                                     .phase = Phase::kConnect,
                                     .sent = false,
                                     .detail = "scripted",
                                     .refused_before = true};
  const std::vector<SendResult> ends = {
      Fail(FailureKind::kLost, Phase::kWait, true),
      Fail(FailureKind::kTls, Phase::kHandshake, false),
      Fail(FailureKind::kTlsAlert, Phase::kWait, true),
      Fail(FailureKind::kLogonRefused, Phase::kLogon, false),
      Fail(FailureKind::kLogonContract, Phase::kLogon, false),
      Fail(FailureKind::kUnreachable, Phase::kLogon, false),
      Fail(FailureKind::kMalformed, Phase::kReceive, true),
      Fail(FailureKind::kDeadline, Phase::kConnect, false),
      Fail(FailureKind::kCancelled, Phase::kQueue, false),
      Fail(FailureKind::kRefusedText, Phase::kSend, false),
      Fail(FailureKind::kOverloaded, Phase::kQueue, false),
      after_refusal,
      Answer(200),
      Answer(401),
      Answer(500),
      Answer(502),
      Answer(503),
      Answer(504),
  };
  for (const SendResult& end : ends) {
    EXPECT_EQ(Attempts({end, Answer(299)}, Repeat::kOnlyIfNotSent, Words(end)), 1u) << Words(end);
  }
}

TEST_F(RetryTest, WhatChangesNothingIsRepeatedAlsoWhenItsEndIsUnknown) {
  const std::vector<SendResult> repeated = {Unreachable(), Fail(FailureKind::kLost, Phase::kWait, true),
                                            Answer(502), Answer(503), Answer(504)};
  for (const SendResult& end : repeated) {
    EXPECT_EQ(Attempts({end, Answer(299)}, Repeat::kSafe, "299"), 2u) << Words(end);
    EXPECT_EQ(Attempts({end, Answer(299)}, Repeat::kNever, Words(end)), 1u) << Words(end);
  }
  const std::vector<SendResult> not_repeated = {Fail(FailureKind::kMalformed, Phase::kReceive, true),
                                                Fail(FailureKind::kTls, Phase::kHandshake, false),
                                                Fail(FailureKind::kDeadline, Phase::kWait, true),
                                                Answer(500),
                                                Answer(404),
                                                Answer(429),
                                                Answer(505)};
  for (const SendResult& end : not_repeated) {
    EXPECT_EQ(Attempts({end, Answer(299)}, Repeat::kSafe, Words(end)), 1u) << Words(end);
  }
}

TEST_F(RetryTest, TheAttemptsAreBoundedAndTheLastFailureIsTold) {
  for (const int attempts : {1, 2, 5}) {
    RetryLimits limits;
    limits.attempts = attempts;
    Make(limits);
    next_.results.clear();
    for (int i = 1; i <= 9; ++i) next_.results.push_back(Unreachable("attempt " + std::to_string(i)));
    const auto call = StartOn(*retry_);
    const SendResult result = Finish(*call);
    EXPECT_EQ(std::get<SendFailure>(result).detail, "attempt " + std::to_string(attempts));
  }
  Make({});
  next_.results.clear();
  EXPECT_EQ(Attempts({Unreachable(), Fail(FailureKind::kTls, Phase::kHandshake, false)},
                     Repeat::kOnlyIfNotSent, "tls handshake not_sent"),
            2u);
}

TEST_F(RetryTest, ALogonThatCannotConnectIsRepeatedElsewhereOnly) {
  const SendResult logon = Fail(FailureKind::kUnreachable, Phase::kLogon, false);
  elsewhere_ = 2;  // asked twice for one repeat
  EXPECT_EQ(Attempts({logon, logon, Answer(200)}, Repeat::kOnlyIfNotSent, "unreachable logon not_sent"), 2u);
  EXPECT_EQ(elsewhere_, 0);
}

// A time that never comes shows that it is waited for.
TEST_F(RetryTest, TheFirstChangeOfEndpointNeedsNoBackoff) {
  random_.next = kHalf;
  Make({.attempts = 3, .backoff_min = 5min, .backoff_max = 5min});
  elsewhere_ = 2;
  next_.results = {Unreachable(), Unreachable()};
  const auto call = StartOn(*retry_, "{}", 10min);
  RunAll();
  EXPECT_EQ(next_.bodies.size(), 2u);
  EXPECT_EQ(Now(*call), "running");
  // The second change waits, and its caller may leave.
  call->context.Stop(StopReason::kCancelled);
  EXPECT_EQ(EndOf(*call), "unreachable connect not_sent");
  EXPECT_EQ(next_.bodies.size(), 2u);
}

// How long it would wait is seen by the deadline that just allows it. Earlier backoffs are drawn as nothing.
TEST_F(RetryTest, TheBackoffDoublesUpToItsBoundWithFullJitter) {
  const std::chrono::minutes bounds[] = {8min, 16min, 20min, 20min};
  for (const std::uint32_t draw : {kHalf, kAlmostAll}) {
    for (std::size_t count = 1; count <= std::size(bounds); ++count) {
      Make({.attempts = 9, .backoff_min = 8min, .backoff_max = 20min});
      next_.on_attempt = [&] { random_.next = next_.bodies.size() == count ? draw : 0; };
      const Duration expected = draw == kHalf ? Duration(bounds[count - 1]) / 2 : Duration(bounds[count - 1]);
      for (const bool in_time : {false, true}) {
        next_.bodies.clear();
        next_.results.assign(count, Unreachable());
        const auto call = StartOn(*retry_, "{}", expected + (in_time ? 10s : -10s));
        RunAll();
        EXPECT_EQ(next_.bodies.size(), count);
        EXPECT_EQ(Now(*call), in_time ? "running" : "unreachable connect not_sent") << draw << " " << count;
        call->context.Stop(StopReason::kCancelled);
        EndOf(*call);
      }
    }
  }
}

TEST_F(RetryTest, ABackoffIsWaitedFor) {
  random_.next = kHalf;
  Make({.attempts = 2, .backoff_min = 40ms, .backoff_max = 40ms});
  std::vector<TimePoint> times;
  next_.on_attempt = [&] { times.push_back(clock_.Now()); };
  next_.results = {Unreachable(), Answer(200)};
  EXPECT_EQ(SendOnce(), "200");
  ASSERT_EQ(times.size(), 2u);
  EXPECT_GE(times[1] - times[0], 20ms);
}

TEST_F(RetryTest, NoBackoffEndsAfterTheDeadline) {
  random_.next = kHalf;
  Make({.attempts = 3, .backoff_min = 1min, .backoff_max = 1min});
  next_.results = {Unreachable(), Answer(200)};
  const auto late = StartOn(*retry_, "{}", seconds(30));
  EXPECT_EQ(Now(*late), "unreachable connect not_sent");
  const auto in_time = StartOn(*retry_, "{}", seconds(31));
  EXPECT_EQ(Now(*in_time), "200");
}

TEST_F(RetryTest, AStopDuringTheBackoffEndsItAtOnce) {
  random_.next = kHalf;
  Make({.attempts = 3, .backoff_min = 1min, .backoff_max = 1min});
  for (const StopReason reason : {StopReason::kCancelled, StopReason::kDeadline}) {
    next_.results = {Unreachable()};
    next_.bodies.clear();
    const auto call = StartOn(*retry_, "{}", 5min);
    EXPECT_EQ(Now(*call), "running");
    call->context.Stop(reason);
    RunAll();
    EXPECT_EQ(Now(*call), "unreachable connect not_sent");
    EXPECT_EQ(next_.bodies.size(), 1u);
  }
}

TEST_F(RetryTest, AStoppedCallIsNotRepeated) {
  const auto call = StartOn(*retry_);
  call->context.Stop(StopReason::kCancelled);
  next_.End(Unreachable());
  RunAll();
  EXPECT_EQ(Now(*call), "unreachable connect not_sent");
  EXPECT_EQ(next_.bodies.size(), 1u);
}

TEST(RetryBudgetTest, AShareOfTheCallsBesideAFewEachSecond) {
  TimePoint now = TimePoint() + seconds(1000);
  RetryBudget budget(20, now);
  const auto taken = [&](int tries) {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += budget.Take(now) ? 1 : 0;
    return count;
  };
  EXPECT_EQ(taken(1000), kRepeatsSavedMax);
  for (int i = 0; i < 50; ++i) budget.NoteCall();
  EXPECT_EQ(taken(1000), 10);
  now += seconds(2);
  EXPECT_EQ(taken(1000), 2 * kRepeatsPerSecondMin);
  now += milliseconds(50);
  EXPECT_EQ(taken(1000), 0);
  now += milliseconds(50);  // the halves of a repeat's time make a whole
  EXPECT_EQ(taken(1000), 1);
  now -= seconds(5);
  EXPECT_EQ(taken(1000), 0);
  // What is saved has a bound, however long nothing was repeated.
  now += std::chrono::hours(100'000);
  for (int i = 0; i < 100'000; ++i) budget.NoteCall();
  EXPECT_EQ(taken(1000), kRepeatsSavedMax);
}

TEST(RetryBudgetTest, WithoutAShareOnlyTheFew) {
  TimePoint now = TimePoint() + seconds(1000);
  RetryBudget budget(0, now);
  int taken = 0;
  for (int i = 0; i < 1000; ++i) {
    budget.NoteCall();
    taken += budget.Take(now) ? 1 : 0;
  }
  EXPECT_EQ(taken, kRepeatsSavedMax);
}

TEST_F(RetryTest, BeyondTheBudgetTheFailureIsTheAnswer) {
  Make({.attempts = 2, .budget_percent = 50});
  random_.next = 0;
  std::size_t calls = 0;
  for (; calls < 1000; ++calls) {
    next_.results.assign(2, Unreachable());
    EXPECT_EQ(SendOnce(), "unreachable connect not_sent");
    next_.results.clear();
  }
  // The first hundred, half of the thousand, and what the test's own time earned.
  const std::size_t repeats = next_.bodies.size() - calls;
  EXPECT_GE(repeats, 599u);
  EXPECT_LE(repeats, 800u);
}

}  // namespace
}  // namespace session_gateway
