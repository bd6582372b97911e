// Creates that run once: who sends, who waits, what is remembered, and what those who leave are told.
#include "server/once.h"

#include <gtest/gtest.h>

#include "tests/server/once_fixture.h"

namespace session_gateway {
namespace {

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
  const auto taken = [this](PlayedCall& call, const std::string& key, int status) {
    Begin(key, call, "a", true);
    Depart();
    Answer(409, "");
    Depart();
    Answer(status, "row");
  };
  PlayedCall found;
  taken(found, "found", 200);
  ExpectOk(found, "row", true);
  // It was there once: nothing is sent again, whatever became of it.
  for (const int status : {404, 500}) {
    const std::string key = std::to_string(status);
    PlayedCall unknown;
    taken(unknown, key, status);
    ExpectUnknown(unknown);
    PlayedCall again;
    Begin(key, again, "a", true);
    EXPECT_EQ(upstream_.flight().request.body, "?a");
    Depart();
    Answer(404, "");
    ExpectUnknown(again);
  }
}

TEST_F(OnceTest, WhatARepeatFoundStaysKnown) {
  PlayedCall first;
  Begin(first, "a", true);
  Depart();
  Answer(500, "");
  Depart();
  Answer(404, "");
  PlayedCall found;
  Begin(found, "a", true);
  Depart();
  Answer(200, "row");
  ExpectOk(found, "row", true);
  const int departures = upstream_.departures();
  PlayedCall again;
  Begin(again, "a", true);
  ExpectOk(again, "row", true);
  EXPECT_EQ(upstream_.departures(), departures);
  PlayedCall other;
  Begin(other, "b", true);
  ExpectError(other, absl::StatusCode::kInvalidArgument, Reason::kRequestIdReused, Outcome::kNotSent);
}

}  // namespace
}  // namespace session_gateway
