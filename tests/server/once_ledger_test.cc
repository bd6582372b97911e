// Creates that run once, and the ledger: out of reach, held elsewhere, with leases, and slow to take an end.
#include <gtest/gtest.h>

#include "tests/server/once_fixture.h"

namespace session_gateway {
namespace {

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

// A lease that a renewal moves on covers the whole create.
TEST_F(OnceTest, ARenewedLeaseLetsTheCreateBeSent) {
  ledger_.lease_end = clock_.Now() + std::chrono::seconds(5);
  ledger_.renewal_is = LedgerWrite::kDone;
  ledger_.pause = std::chrono::milliseconds(1);
  PlayedCall call;
  Begin(call);
  EXPECT_EQ(upstream_.flight().context.deadline(), ledger_.lease_end);
  clock_.Advance(std::chrono::seconds(4));
  ledger_.lease_end = clock_.Now() + std::chrono::seconds(5);
  ASSERT_TRUE(RunUntil([this] { return upstream_.flight().context.deadline() == ledger_.lease_end; }));
  clock_.Advance(std::chrono::seconds(4));  // beyond the first lease
  Depart();
  Answer(200, "session");
  ASSERT_TRUE(RunUntil([&] { return once_.running() == 0; }));
  ExpectOk(call, "session", false);
  EXPECT_EQ(upstream_.departures(), 1);
  const int renewals = ledger_.renewals;
  EXPECT_GE(renewals, 1);
  ASSERT_FALSE(loop_.run_for(std::chrono::milliseconds(20))) << "nothing is renewed any more";
  EXPECT_EQ(ledger_.renewals, renewals);
  PlayedCall again;
  Begin(again);
  ExpectOk(again, "session", true);
}

TEST_F(OnceTest, ALostClaimLetsNothingBeSent) {
  ledger_.lease_end = clock_.Now() + std::chrono::hours(5);
  ledger_.renewal_is = LedgerWrite::kLost;
  ledger_.pause = std::chrono::milliseconds(1);
  PlayedCall call;
  Begin(call);
  ASSERT_TRUE(RunUntil([this] { return ledger_.renewals == 1; }));
  Depart();
  ASSERT_TRUE(RunUntil([&] { return call.told.has_value(); }));
  ExpectError(call, absl::StatusCode::kUnavailable, Reason::kLedgerUnavailable, Outcome::kNotSent);
  EXPECT_EQ(upstream_.departures(), 0);
  EXPECT_EQ(ledger_.renewals, 1);
}

// The caller does not wait for a store that is slow to renew.
TEST_F(OnceTest, AnAnswerIsToldWhileARenewalIsUnderWay) {
  LoopEvent renewed(loop_.get_executor());
  ledger_.lease_end = clock_.Now() + std::chrono::hours(5);
  ledger_.renewal_is = LedgerWrite::kDone;
  ledger_.pause = std::chrono::milliseconds(1);
  ledger_.renewal = &renewed;
  PlayedCall call;
  Begin(call);
  ASSERT_TRUE(RunUntil([this] { return ledger_.renewals == 1; }));
  Depart();
  Answer(200, "session");
  ExpectOk(call, "session", false);
  EXPECT_EQ(once_.running(), 1u) << "the ledger does not have it yet";
  EXPECT_EQ(memory_.running(), 1u);
  renewed.Announce();
  ASSERT_TRUE(RunUntil([&] { return once_.running() == 0; }));
  EXPECT_EQ(memory_.running(), 0u);
}

TEST_F(OnceTest, WhoComesWhenTheWaitForAnotherGatewayIsGivenUpBeginsAnew) {
  ledger_.claim_is = LedgerRunning{};
  PlayedCall first;
  Begin(first);
  first.context.Stop(StopReason::kDeadline);
  PlayedCall second;
  Begin(second);
  EXPECT_FALSE(second.told);
  ledger_.claim_is.reset();
  ASSERT_TRUE(RunUntil([this] { return !upstream_.flights().empty(); }));
  Depart();
  Answer(200, "session");
  ASSERT_TRUE(second.told);
  EXPECT_EQ(second.told->response, "session");
  EXPECT_EQ(first.told->error->outcome, Outcome::kUnknown);
  EXPECT_EQ(once_.counts().left, 1u);
}

TEST_F(OnceTest, EveryEndIsCounted) {
  ledger_.claim_is = LedgerUnreachable{"down"};
  PlayedCall unreachable;
  Begin(unreachable);
  ledger_.claim_is = LedgerDied{};
  PlayedCall died;
  Begin(died);
  ledger_.claim_is.reset();
  PlayedCall left;
  left.context.Stop(StopReason::kCancelled);
  Begin(left);
  ledger_.failing_writes = kWritesMax;
  PlayedCall lost;
  Begin(lost);
  Depart();
  Answer(200, "session");
  ASSERT_TRUE(RunUntil([&] { return once_.running() == 0; }));
  const OnceCounts& counts = once_.counts();
  EXPECT_EQ(counts.unreachable, 1u);
  EXPECT_EQ(counts.still_unknown, 1u);
  EXPECT_EQ(counts.left, 1u);
  EXPECT_EQ(counts.sent, 1u);
  EXPECT_EQ(counts.done, 1u);
  EXPECT_EQ(counts.lost, 1u);
  EXPECT_EQ(counts.replayed, 0u);
}

}  // namespace
}  // namespace session_gateway
