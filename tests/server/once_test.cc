// Creates that run once: who sends, who waits, what is remembered, and what those who leave are told.
#include "server/once.h"

#include <gtest/gtest.h>

#include "server/ledger/memory_ledger.h"
#include "tests/server/once_fixture.h"

namespace session_gateway {
namespace {

// The ledger in memory, with the faults that a test asks for.
class FaultyLedger final : public Ledger {
 public:
  explicit FaultyLedger(Ledger& inner) : inner_(inner) {}

  Task<ClaimResult> Claim(const std::string& key, const ContentHash& content, CallContext& context) override {
    ++claims;
    if (claim_is) co_return *claim_is;
    ClaimResult result = co_await inner_.Claim(key, content, context);
    if (auto* const claim = std::get_if<LedgerClaim>(&result)) claim->lease_end = lease_end;
    co_return result;
  }
  Task<LedgerWrite> Renew(LedgerClaim&) override { co_return LedgerWrite::kUnreachable; }
  Task<LedgerWrite> Remember(const LedgerClaim& claim, std::string ending) override {
    if (failing_writes-- > 0) co_return LedgerWrite::kUnreachable;
    co_return co_await inner_.Remember(claim, ending);
  }
  Task<LedgerWrite> Forget(const LedgerClaim& claim) override {
    if (failing_writes-- > 0) co_return LedgerWrite::kUnreachable;
    co_return co_await inner_.Forget(claim);
  }
  Duration renew_every() const override {
    return lease_end == TimePoint::max() ? Duration::max() : std::chrono::hours(1);
  }
  void Close() override {}

  int claims = 0;
  std::optional<ClaimResult> claim_is;
  TimePoint lease_end = TimePoint::max();
  int failing_writes = 0;

 private:
  Ledger& inner_;
};

class OnceTest : public testing::Test {
 protected:
  void Begin(PlayedCall& call, const std::string& body = "a", bool can_ask = false) {
    BeginCall(loop_, once_, MakeCall(upstream_, "key", body, can_ask), call);
    Run();
  }
  void Run() {
    loop_.restart();
    loop_.poll();
  }
  void Stop(PlayedCall& call, StopReason reason) {
    call.context.Stop(reason);
    Run();
  }
  void Depart() {
    upstream_.flight().Depart();
    Run();
  }
  void Answer(int status, std::string body) {
    upstream_.flight().Answer(PlayedReply(status, std::move(body)));
    Run();
  }
  void LingerIsOver() {
    exchanges_.Drain(TimePoint::min(), [] {});
    Run();
  }
  bool RunUntil(const std::function<bool()>& is_so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_so() && std::chrono::steady_clock::now() < end) {
      loop_.restart();
      loop_.run_for(std::chrono::milliseconds(1));
    }
    return is_so();
  }
  void ExpectOk(const PlayedCall& call, const std::string& response, bool replayed) {
    ASSERT_TRUE(call.told);
    EXPECT_FALSE(call.told->error) << call.told->error->message;
    EXPECT_EQ(call.told->response, response);
    EXPECT_EQ(call.told->replayed, replayed);
  }
  void ExpectError(const PlayedCall& call, absl::StatusCode code, Reason reason, Outcome outcome) {
    ASSERT_TRUE(call.told && call.told->error);
    EXPECT_EQ(call.told->error->code, code) << call.told->error->message;
    EXPECT_EQ(call.told->error->reason, reason);
    EXPECT_EQ(call.told->error->outcome, outcome);
  }
  void ExpectUnknown(const PlayedCall& call) {
    ExpectError(call, absl::StatusCode::kUnknown, Reason::kOutcomeUnknown, Outcome::kUnknown);
  }

  Loop loop_{1};
  HandedClock clock_;
  MemoryLedger memory_{clock_, MemoryLedgerBounds()};
  FaultyLedger ledger_{memory_};
  PlayedUpstream upstream_{loop_, clock_};
  Exchanges exchanges_{loop_, clock_, std::chrono::hours(1)};
  Once once_{exchanges_, clock_, ledger_, {std::chrono::milliseconds(1), std::chrono::milliseconds(2)}};
};

TEST_F(OnceTest, TheFirstAnswerComesAgain) {
  PlayedCall first;
  Begin(first);
  Depart();
  Answer(200, "session");
  ExpectOk(first, "session", false);
  PlayedCall again;
  Begin(again);
  ExpectOk(again, "session", true);
  PlayedCall other;
  Begin(other, "b");
  ExpectError(other, absl::StatusCode::kInvalidArgument, Reason::kRequestIdReused, Outcome::kNotSent);
  EXPECT_EQ(other.told->error->violations.at(0).field, "request_id");
  EXPECT_EQ(upstream_.departures(), 1);
  EXPECT_EQ(once_.running(), 0u);
}

TEST_F(OnceTest, ThoseWhoComeMeanwhileGetTheSameEnd) {
  PlayedCall first;
  PlayedCall second;
  PlayedCall third;
  PlayedCall other;
  Begin(first);
  Begin(second);
  Depart();
  Begin(third);
  Begin(other, "b");
  ExpectError(other, absl::StatusCode::kInvalidArgument, Reason::kRequestIdReused, Outcome::kNotSent);
  EXPECT_FALSE(first.told || second.told || third.told);
  Answer(200, "session");
  ExpectOk(first, "session", false);
  ExpectOk(second, "session", true);
  ExpectOk(third, "session", true);
  EXPECT_EQ(upstream_.departures(), 1);
  EXPECT_EQ(ledger_.claims, 1);
}

TEST_F(OnceTest, WhatCreatedNothingIsForgotten) {
  PlayedCall refused;
  PlayedCall joined;
  Begin(refused);
  Begin(joined);
  Depart();
  Answer(400, "no");
  ExpectError(refused, absl::StatusCode::kInvalidArgument, Reason::kUpstreamRefused, Outcome::kRefused);
  ExpectError(joined, absl::StatusCode::kInvalidArgument, Reason::kUpstreamRefused, Outcome::kRefused);
  EXPECT_EQ(memory_.entries(), 0u);
  PlayedCall unsent;
  Begin(unsent, "b");
  upstream_.flight().Fail({FailureKind::kUnreachable, Phase::kConnect, false, "nobody there"});
  Run();
  ExpectError(unsent, absl::StatusCode::kUnavailable, Reason::kUpstreamUnreachable, Outcome::kNotSent);
  EXPECT_EQ(memory_.entries(), 0u);
}

TEST_F(OnceTest, WhatIsUnknownStaysSo) {
  PlayedCall first;
  Begin(first);
  Depart();
  Answer(500, "");
  ExpectError(first, absl::StatusCode::kInternal, Reason::kUpstreamFailed, Outcome::kUnknown);
  PlayedCall again;
  Begin(again);
  ExpectUnknown(again);
  EXPECT_EQ(upstream_.departures(), 1);
}

TEST_F(OnceTest, TheLastToLeaveBeforeAByteWasSentEndsIt) {
  PlayedCall first;
  PlayedCall second;
  Begin(first);
  Begin(second);
  Stop(first, StopReason::kDeadline);
  // Another still waits, so it may yet be sent.
  ExpectError(first, absl::StatusCode::kDeadlineExceeded, Reason::kDeadline, Outcome::kUnknown);
  Stop(second, StopReason::kDeadline);
  ExpectError(second, absl::StatusCode::kDeadlineExceeded, Reason::kDeadline, Outcome::kNotSent);
  EXPECT_EQ(upstream_.departures(), 0);
  EXPECT_EQ(memory_.entries(), 0u);
  EXPECT_FALSE(first.late || second.late);
}

TEST_F(OnceTest, WhoComesToOneThatEndsForLackOfCallersBeginsAnew) {
  PlayedCall first;
  PlayedCall second;
  Begin(first);
  first.context.Stop(StopReason::kCancelled);
  Begin(second);  // before the loop has seen the end of the first
  EXPECT_FALSE(second.told);
  Depart();
  Answer(200, "session");
  ASSERT_TRUE(second.told);
  EXPECT_EQ(second.told->response, "session");
}

TEST_F(OnceTest, OneThatWasSentLingersAndItsEndIsRemembered) {
  PlayedCall first;
  Begin(first);
  Depart();
  Stop(first, StopReason::kDeadline);
  ExpectError(first, absl::StatusCode::kDeadlineExceeded, Reason::kDeadline, Outcome::kUnknown);
  EXPECT_EQ(exchanges_.lingering(), 1u);
  PlayedCall second;
  Begin(second);
  EXPECT_EQ(exchanges_.lingering(), 0u);
  Stop(second, StopReason::kCancelled);
  EXPECT_EQ(exchanges_.lingering(), 1u);
  Answer(200, "session");
  ASSERT_TRUE(second.late);
  EXPECT_EQ(second.late->response, "session");
  PlayedCall again;
  Begin(again);
  ExpectOk(again, "session", true);
  EXPECT_EQ(upstream_.departures(), 1);
}

TEST_F(OnceTest, WhoComesWhileItLingersGetsItsEnd) {
  PlayedCall first;
  Begin(first);
  Depart();
  Stop(first, StopReason::kCancelled);
  PlayedCall second;
  Begin(second);
  EXPECT_EQ(exchanges_.lingering(), 0u);
  EXPECT_FALSE(second.told);
  Answer(200, "session");
  ExpectOk(second, "session", true);
  EXPECT_FALSE(first.late) << "somebody knows its end";
}

TEST_F(OnceTest, LingeringThatIsOverIsUnknown) {
  PlayedCall first;
  Begin(first);
  Depart();
  Stop(first, StopReason::kDeadline);
  LingerIsOver();
  ASSERT_TRUE(first.late && first.late->error);
  EXPECT_EQ(first.late->error->outcome, Outcome::kUnknown);
  PlayedCall again;
  Begin(again);
  ExpectUnknown(again);
}

TEST_F(OnceTest, AnUnknownCreateIsAskedFor) {
  PlayedCall first;
  Begin(first, "a", true);
  Depart();
  Answer(500, "");
  EXPECT_FALSE(first.told);
  EXPECT_EQ(upstream_.flight().request.body, "?a");
  Depart();
  Answer(200, "row");
  ExpectOk(first, "row", true);
  PlayedCall again;
  Begin(again, "a", true);
  ExpectOk(again, "row", true);
  EXPECT_EQ(upstream_.departures(), 2);
}

TEST_F(OnceTest, WhoLeavesDuringTheQuestionIsToldWhatIsKnown) {
  PlayedCall first;
  Begin(first, "a", true);
  Depart();
  Answer(500, "");
  Depart();
  Stop(first, StopReason::kDeadline);
  ExpectError(first, absl::StatusCode::kInternal, Reason::kUpstreamFailed, Outcome::kUnknown);
  Answer(200, "row");
  ASSERT_TRUE(first.late);
  EXPECT_EQ(first.late->response, "row");
  PlayedCall again;
  Begin(again, "a", true);
  ExpectOk(again, "row", true);
}

TEST_F(OnceTest, ARepeatAfterAnUnknownEndAsksAgain) {
  PlayedCall first;
  Begin(first, "a", true);
  Depart();
  Answer(500, "");
  Depart();
  Answer(404, "");
  ExpectError(first, absl::StatusCode::kInternal, Reason::kUpstreamFailed, Outcome::kUnknown);
  PlayedCall failed;
  Begin(failed, "a", true);
  Depart();
  Answer(503, "");
  ExpectUnknown(failed);
  PlayedCall found;
  Begin(found, "a", true);
  Depart();
  Answer(200, "row");
  ExpectOk(found, "row", true);
}

TEST_F(OnceTest, AnIdThatIsTakenIsAskedFor) {
  const auto taken = [this](PlayedCall& call, const std::string& body, int status) {
    Begin(call, body, true);
    Depart();
    Answer(409, "");
    Depart();
    Answer(status, "row");
  };
  PlayedCall failed;
  taken(failed, "a", 500);
  ExpectError(failed, absl::StatusCode::kAlreadyExists, Reason::kUpstreamRefused, Outcome::kRefused);
  PlayedCall found;
  taken(found, "a", 200);
  ExpectOk(found, "row", true);
  clock_.Advance(std::chrono::hours(25));
  PlayedCall gone;
  taken(gone, "a", 404);
  ExpectUnknown(gone);
  PlayedCall own;  // an id that the caller named
  Begin(own, "b");
  ExpectError(own, absl::StatusCode::kInvalidArgument, Reason::kRequestIdReused, Outcome::kNotSent);
}

TEST_F(OnceTest, WithoutTheLedgerNothingIsSent) {
  ledger_.claim_is = LedgerUnreachable{"down"};
  PlayedCall unreachable;
  Begin(unreachable);
  ExpectError(unreachable, absl::StatusCode::kUnavailable, Reason::kLedgerUnavailable, Outcome::kNotSent);
  ledger_.claim_is = LedgerFull{};
  PlayedCall full;
  Begin(full);
  ExpectError(full, absl::StatusCode::kResourceExhausted, Reason::kOverloaded, Outcome::kNotSent);
  ledger_.claim_is = LedgerDied{};
  PlayedCall died;
  Begin(died);
  ExpectUnknown(died);
  EXPECT_EQ(upstream_.departures(), 0);
}

TEST_F(OnceTest, OneThatRunsElsewhereIsWaitedFor) {
  ledger_.claim_is = LedgerRunning{};
  PlayedCall left;
  PlayedCall patient;
  Begin(left);
  Begin(patient);
  ASSERT_TRUE(RunUntil([this] { return ledger_.claims > 3; }));
  Stop(left, StopReason::kDeadline);
  ExpectError(left, absl::StatusCode::kDeadlineExceeded, Reason::kDeadline, Outcome::kUnknown);
  CreateEnd end;
  end.response = "session";
  ledger_.claim_is = LedgerEnded{EndingRecord("Create", end)};
  ASSERT_TRUE(RunUntil([&] { return patient.told.has_value(); }));
  EXPECT_EQ(patient.told->response, "session");
  EXPECT_TRUE(patient.told->replayed);
  ledger_.claim_is = LedgerRunning{};
  PlayedCall last;
  Begin(last);
  ASSERT_TRUE(RunUntil([this] { return ledger_.claims > 8; }));
  last.context.Stop(StopReason::kDeadline);
  ASSERT_TRUE(RunUntil([&] { return last.told.has_value(); }));
  ExpectError(last, absl::StatusCode::kDeadlineExceeded, Reason::kDeadline, Outcome::kUnknown);
  EXPECT_EQ(upstream_.departures(), 0);
}

TEST_F(OnceTest, NothingIsSentOnceTheLeaseIsOver) {
  ledger_.lease_end = clock_.Now() + std::chrono::seconds(5);
  PlayedCall call;
  Begin(call);
  clock_.Advance(std::chrono::seconds(5));
  Depart();
  ASSERT_TRUE(RunUntil([&] { return call.told.has_value(); }));
  ExpectError(call, absl::StatusCode::kUnavailable, Reason::kLedgerUnavailable, Outcome::kNotSent);
  EXPECT_EQ(upstream_.departures(), 0);
}

TEST_F(OnceTest, AnEndThatTheStoreDoesNotTakeIsGivenAgain) {
  ledger_.failing_writes = 3;
  PlayedCall first;
  Begin(first);
  Depart();
  Answer(200, "session");
  ExpectOk(first, "session", false);  // without waiting for the store
  PlayedCall meanwhile;
  Begin(meanwhile);
  ExpectOk(meanwhile, "session", true);
  ASSERT_TRUE(RunUntil([this] { return once_.running() == 0; }));
  PlayedCall again;
  Begin(again);
  ExpectOk(again, "session", true);
  EXPECT_EQ(upstream_.departures(), 1);
}

}  // namespace
}  // namespace session_gateway
