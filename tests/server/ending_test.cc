// The record of a create's end: what is kept, what a repeat is told, and what another version makes of it.
#include "server/ledger/ending.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace session_gateway {
namespace {

using testing::HasSubstr;

constexpr char kMethod[] = "CreateSession";

CreateEnd Done(std::string response) { return {.error = {}, .response = std::move(response)}; }

CreateEnd Failed(absl::StatusCode code, Reason reason, Outcome outcome) {
  CreateEnd end;
  end.error = MakeError(Upstream::kQlik, code, reason, outcome, Phase::kReceive, "Qlik: what it said");
  end.error->http_status = 500;
  end.error->created_id = "1200";
  return end;
}

CreateEnd Kept(const CreateEnd& end) {
  return ReadEnding(kMethod, Upstream::kQlik, EndingRecord(kMethod, end));
}

void ExpectUnknown(const CreateEnd& end) {
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, absl::StatusCode::kUnknown);
  EXPECT_EQ(end.error->reason, Reason::kOutcomeUnknown);
  EXPECT_EQ(end.error->outcome, Outcome::kUnknown);
  EXPECT_TRUE(end.replayed);
}

TEST(Ending, OnlyWhatMayHaveCreatedSomethingIsRemembered) {
  EXPECT_TRUE(IsRemembered(Done("x")));
  const auto failed = [](Outcome outcome) {
    return Failed(absl::StatusCode::kInternal, Reason::kUpstreamFailed, outcome);
  };
  EXPECT_TRUE(IsRemembered(failed(Outcome::kDone)));
  EXPECT_TRUE(IsRemembered(failed(Outcome::kUnknown)));
  EXPECT_FALSE(IsRemembered(failed(Outcome::kNotSent)));
  EXPECT_FALSE(IsRemembered(failed(Outcome::kRefused)));
}

TEST(Ending, TheFirstAnswerComesAgain) {
  const CreateEnd end = Kept(Done("\x01\x02 response"));
  EXPECT_FALSE(end.error);
  EXPECT_EQ(end.response, "\x01\x02 response");
  EXPECT_TRUE(end.replayed);
  EXPECT_TRUE(Kept(Done("")).response.empty());
  EXPECT_FALSE(Kept(Done("")).error);
}

TEST(Ending, AnUnreadableAnswerComesAgainWithItsId) {
  const CreateEnd end = Kept(Failed(absl::StatusCode::kInternal, Reason::kAnswerUnreadable, Outcome::kDone));
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, absl::StatusCode::kInternal);
  EXPECT_EQ(end.error->reason, Reason::kAnswerUnreadable);
  EXPECT_EQ(end.error->outcome, Outcome::kDone);
  EXPECT_EQ(end.error->phase, Phase::kReceive);
  EXPECT_EQ(end.error->upstream, Upstream::kQlik);
  EXPECT_EQ(end.error->message, "Qlik: what it said");
  EXPECT_EQ(end.error->http_status, 500);
  EXPECT_EQ(end.error->created_id, "1200");
}

TEST(Ending, TheDeadlineWasTheFirstCallersOwn) {
  const CreateEnd end = Kept(Failed(absl::StatusCode::kDeadlineExceeded, Reason::kDeadline, Outcome::kDone));
  EXPECT_EQ(end.error->code, absl::StatusCode::kInternal);
  EXPECT_EQ(end.error->reason, Reason::kAnswerUnreadable);
  EXPECT_EQ(end.error->created_id, "1200");
}

TEST(Ending, WhatIsUnknownIsAlwaysSaidInOneWay) {
  const CreateEnd end = Kept(Failed(absl::StatusCode::kInternal, Reason::kUpstreamFailed, Outcome::kUnknown));
  ExpectUnknown(end);
  EXPECT_THAT(end.error->message, HasSubstr("Qlik: what it said"));
  EXPECT_EQ(end.error->http_status, 500);
  ExpectUnknown(Kept(Failed(absl::StatusCode::kDeadlineExceeded, Reason::kDeadline, Outcome::kUnknown)));
}

TEST(Ending, AnAnswerThatIsTooLargeToKeepIsKnownToBeDone) {
  const CreateEnd end = Kept(Done(std::string(1024 * 1024 + 1, 'x')));
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->reason, Reason::kAnswerUnreadable);
  EXPECT_EQ(end.error->outcome, Outcome::kDone);
}

// Whatever a store holds, it makes nobody repeat a create that may have happened.
TEST(Ending, ARecordThatNoGatewayWroteIsUnknown) {
  const auto kept = [](int code, Outcome outcome) {
    return Kept(Failed(static_cast<absl::StatusCode>(code), Reason::kUpstreamFailed, outcome));
  };
  const int internal = static_cast<int>(absl::StatusCode::kInternal);
  EXPECT_EQ(OutcomeOf(kept(internal, Outcome::kDone)), Outcome::kDone);
  for (const int code : {-1, 0, 14, 17, 99}) ExpectUnknown(kept(code, Outcome::kDone));
  ExpectUnknown(kept(internal, Outcome::kNotSent));
  ExpectUnknown(kept(internal, Outcome::kRefused));
}

TEST(Ending, WhatIsNotUnderstoodIsUnknown) {
  const std::string record = EndingRecord(kMethod, Done("x"));
  ExpectUnknown(ReadEnding("CreateExecutionSession", Upstream::kQlik, record));
  ExpectUnknown(ReadEnding(kMethod, Upstream::kQlik, ""));
  ExpectUnknown(ReadEnding(kMethod, Upstream::kQlik, "no record"));
  // The version is the record's first field.
  ASSERT_EQ(record.substr(0, 2), "\x08\x01");
  ExpectUnknown(ReadEnding(kMethod, Upstream::kQlik, "\x08\x02" + record.substr(2)));
  // One that is neither a response nor a failure.
  ExpectUnknown(ReadEnding(kMethod, Upstream::kQlik, record.substr(0, record.size() - 3)));
  // A field that this version does not know, in a form that it does.
  EXPECT_EQ(ReadEnding(kMethod, Upstream::kQlik, record + "\xA2\x06\x01z").response, "x");
}

}  // namespace
}  // namespace session_gateway
