// QRS is asked for a row of which it is not known whether it was made: when, with what, and what follows from
// each answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/once/once_bed.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kPost = "POST /qrs/executionsession";
const std::string kGet = "GET /qrs/executionsession/" + std::string(kDerivedId);
constexpr int kForEver = 1000;  // longer than a test

struct NamedFault {
  std::string name;
  SandboxFault fault;
};
void PrintTo(const NamedFault& fault, std::ostream* out) { *out << fault.name; }

SandboxFault OfPosts(SandboxFault fault) {
  fault.method = "POST";
  return fault;
}
SandboxFault OfGets(SandboxFault fault) {
  fault.method = "GET";
  fault.count = kForEver;
  return fault;
}
// The row is made, and the answer is lost.
SandboxFault LostAnswer() { return OfPosts({.kind = SandboxFaultKind::kReset}); }
// Nothing is made, and nothing is answered.
SandboxFault LostRequest() { return OfPosts({.kind = SandboxFaultKind::kReset, .create = false}); }

class Recall : public testing::Test {
 protected:
  Recall() {
    bed_.setup().limits.retry.backoff_min = milliseconds(1);
    bed_.setup().limits.retry.backoff_max = milliseconds(1);
  }
  RpcResult Call(const std::string& request = WithId(kQlikOnce.request, kRequestId)) {
    return bed_.Call(kQlikOnce, request);
  }
  std::vector<std::string> Requests() { return bed_.Requests(kQlikOnce); }

  OnceBed bed_;
};

TEST_F(Recall, ARowWhoseAnswerWasLostIsFound) {
  bed_.StartGateway();
  bed_.AddFault(kQlikOnce, LostAnswer());
  const RpcResult first = Call();
  ExpectOk(first, true);
  EXPECT_THAT(first.text, HasSubstr(kDerivedId));
  EXPECT_THAT(Requests(), ElementsAre(kPost, kGet));
  ExpectOk(Call(), true);
  EXPECT_THAT(Requests(), ElementsAre(kPost, kGet)) << "it is known by now";
  EXPECT_EQ(bed_.Creates(kQlikOnce), 1u);
  const OnceCounts counts = bed_.gateway().once_counts();
  EXPECT_EQ(counts.sent, 1u);
  EXPECT_EQ(counts.done, 1u);
  EXPECT_EQ(counts.asked, 1u);
  EXPECT_EQ(counts.found, 1u);
  EXPECT_EQ(counts.replayed, 1u);
  EXPECT_EQ(counts.lost, 0u);
}

// Each way in which a create's outcome can become unknown, though the row was made.
TEST_F(Recall, WhateverTheAnswerWasTheRowIsFound) {
  const std::vector<NamedFault> faults = {
      {"reset", {.kind = SandboxFaultKind::kReset}},
      {"cut in its header", {.kind = SandboxFaultKind::kCut, .after_bytes = 20}},
      {"garbage", {.kind = SandboxFaultKind::kGarbage}},
      {"a log-on page", {.kind = SandboxFaultKind::kHtml, .create = true}},
      {"500",
       {.kind = SandboxFaultKind::kRaw,
        .body = "HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n",
        .create = true}},
      {"504",
       {.kind = SandboxFaultKind::kRaw,
        .body = "HTTP/1.1 504 x\r\ncontent-length: 0\r\n\r\n",
        .create = true}},
      {"204", {.kind = SandboxFaultKind::kRaw, .body = "HTTP/1.1 204 x\r\n\r\n", .create = true}}};
  bed_.StartGateway();
  int number = 0;
  for (const NamedFault& fault : faults) {
    SCOPED_TRACE(fault.name);
    bed_.AddFault(kQlikOnce, OfPosts(fault.fault));
    const std::string request = WithId(kQlikOnce.request, RequestIdOf(++number));
    ExpectOk(Call(request), true);
    ExpectOk(Call(request), true);
    EXPECT_EQ(bed_.Creates(kQlikOnce), static_cast<std::uint64_t>(number));
  }
}

TEST_F(Recall, AnAbsentRowStaysUnknownAndIsAskedForAgain) {
  bed_.StartGateway();
  bed_.AddFault(kQlikOnce, LostRequest());
  ExpectUnknown(Call());
  ExpectUnknown(Call());
  EXPECT_THAT(Requests(), ElementsAre(kPost, kGet, kGet));
  EXPECT_EQ(bed_.Creates(kQlikOnce), 0u);
  const OnceCounts counts = bed_.gateway().once_counts();
  EXPECT_EQ(counts.unknown, 1u);
  EXPECT_EQ(counts.asked, 2u);
  EXPECT_EQ(counts.absent, 2u);
  EXPECT_EQ(counts.still_unknown, 1u);
}

// What the first call is told is the create's own end; a question changes it only when it finds the row.
TEST_F(Recall, TheCreatesOwnErrorIsToldWhereTheRowIsAbsent) {
  bed_.StartGateway();
  bed_.AddFault(kQlikOnce, OfPosts({.kind = SandboxFaultKind::kStatus, .status = 500}));
  ExpectError(Call(), "INTERNAL", "UPSTREAM_FAILED", "unknown");
  ExpectUnknown(Call());
  EXPECT_THAT(Requests(), ElementsAre(kPost, kGet, kGet));
}

std::vector<NamedFault> FailingQuestions() {
  return {
      {"status500", {.kind = SandboxFaultKind::kStatus, .status = 500}},
      {"status503", {.kind = SandboxFaultKind::kStatus, .status = 503}},
      {"status401", {.kind = SandboxFaultKind::kStatus, .status = 401}},
      {"status403", {.kind = SandboxFaultKind::kStatus, .status = 403}},
      {"status302", {.kind = SandboxFaultKind::kStatus, .status = 302, .headers = {{"Location", "/form/"}}}},
      {"status429", {.kind = SandboxFaultKind::kStatus, .status = 429}},
      {"status204", {.kind = SandboxFaultKind::kRaw, .body = "HTTP/1.1 204 x\r\n\r\n"}},
      {"reset", {.kind = SandboxFaultKind::kReset}},
      {"html", {.kind = SandboxFaultKind::kHtml}},
      {"html404", {.kind = SandboxFaultKind::kHtml, .status = 404}},
      {"garbage", {.kind = SandboxFaultKind::kGarbage}},
      {"cut", {.kind = SandboxFaultKind::kCut, .after_bytes = 300}},
      {"no_json", {.kind = SandboxFaultKind::kRaw, .body = "HTTP/1.1 200 x\r\ncontent-length: 2\r\n\r\n{]"}},
      {"another_row",
       {.kind = SandboxFaultKind::kRaw,
        .body = "HTTP/1.1 200 x\r\ncontent-length: 45\r\n\r\n"
                R"({"id":"f47ac10b-58cc-4372-a567-0e02b2c3d479"})"}},
      {"no_answer", {.kind = SandboxFaultKind::kDelay, .wait = seconds(60)}}};
}

class FailingQuestion : public Recall, public testing::WithParamInterface<NamedFault> {};

TEST_P(FailingQuestion, ChangesNothing) {
  bed_.setup().linger = milliseconds(300);
  bed_.StartGateway();
  bed_.AddFault(kQlikOnce, LostAnswer());
  bed_.AddFault(kQlikOnce, OfGets(GetParam().fault));
  ExpectUnknown(Call());
  ExpectUnknown(Call());
  EXPECT_EQ(bed_.gateway().once_counts().asked, 2u);
  EXPECT_EQ(bed_.gateway().once_counts().found, 0u);
  EXPECT_EQ(bed_.gateway().once_counts().absent, 0u);
  const std::vector<std::string> requests = Requests();
  EXPECT_EQ(std::count(requests.begin(), requests.end(), kPost), 1) << "never sent again";
  // A later question that succeeds finds it, and from then on it is known, also when the row is gone.
  bed_.sandbox().ClearFaults(SandboxUpstream::kQlik);
  ExpectOk(Call(), true);
  bed_.sandbox().Reset(SandboxUpstream::kQlik);
  ExpectOk(Call(), true);
  EXPECT_THAT(Requests(), ElementsAre());
}

INSTANTIATE_TEST_SUITE_P(All, FailingQuestion, testing::ValuesIn(FailingQuestions()),
                         [](const auto& test) { return test.param.name; });

TEST_F(Recall, AQuestionIsARead) {
  bed_.StartGateway();
  bed_.AddFault(kQlikOnce, LostAnswer());
  bed_.AddFault(kQlikOnce, {.kind = SandboxFaultKind::kStatus, .count = 2, .method = "GET", .status = 503});
  ExpectOk(Call(), true);
  EXPECT_THAT(Requests(), ElementsAre(kPost, kGet, kGet, kGet)) << "made again, as every read";
  EXPECT_EQ(bed_.gateway().once_counts().asked, 1u);
}

TEST_F(Recall, ItIsAskedForAsTheCallWants) {
  bed_.StartGateway();
  bed_.AddFault(kQlikOnce, LostAnswer());
  const RpcResult result = Call(WithId(kQlikOnce.request, kRequestId, "privileges: true"));
  ExpectOk(result, true);
  EXPECT_THAT(result.text, HasSubstr("privileges: \"read\""));
  EXPECT_THAT(bed_.sandbox().requests(SandboxUpstream::kQlik).at(1).target, HasSubstr("&privileges=true"));
}

// An id that the caller chose may be another's: that it is there says nothing of this call.
TEST_F(Recall, AnIdOfTheCallersIsNotAskedFor) {
  const std::string named = R"(execution_session { id: "f47ac10b-58cc-4372-a567-0e02b2c3d479" })";
  bed_.StartGateway();
  bed_.AddFault(kQlikOnce, LostAnswer());
  ExpectUnknown(Call(WithId(named, kRequestId)));
  ExpectUnknown(Call(WithId(named, kRequestId)));
  EXPECT_THAT(Requests(), ElementsAre(kPost));
  ExpectError(Call(WithId(named, RequestIdOf(1))), "ALREADY_EXISTS", "UPSTREAM_REFUSED", "refused");
  EXPECT_THAT(Requests(), ElementsAre(kPost, kPost));
  EXPECT_EQ(bed_.gateway().once_counts().asked, 0u);
}

// What a restart forgets, QRS still knows.
TEST_F(Recall, AnEmptyLedgerFindsTheRowByItsId) {
  bed_.StartGateway();
  ExpectOk(Call(), false);
  bed_.StartGateway();
  const RpcResult again = Call();
  ExpectOk(again, true);
  EXPECT_THAT(again.text, HasSubstr("user: \"u\""));
  EXPECT_THAT(Requests(), ElementsAre(kPost, kPost, kGet));
  ExpectOk(Call(), true);
  EXPECT_THAT(Requests(), ElementsAre(kPost, kPost, kGet));
  EXPECT_EQ(bed_.Creates(kQlikOnce), 1u);
}

// That the id is taken proves that the row was made. Were it called refused and forgotten, a repeat that
// comes when the row has come to its end would make another.
TEST_F(Recall, ATakenIdIsUnknownWhenNobodyAnswers) {
  bed_.StartGateway();
  ExpectOk(Call(), false);
  bed_.StartGateway();
  bed_.AddFault(kQlikOnce, OfGets({.kind = SandboxFaultKind::kStatus, .status = 500}));
  const RpcResult taken = Call();
  ExpectUnknown(taken);
  EXPECT_THAT(taken.text, HasSubstr("http_status: 409"));
  EXPECT_THAT(Requests(), ElementsAre(kPost, kPost, kGet));
  bed_.sandbox().Reset(SandboxUpstream::kQlik);  // the row has come to its end
  ExpectUnknown(Call());
  EXPECT_THAT(Requests(), ElementsAre(kGet)) << "not sent again";
  EXPECT_EQ(bed_.Creates(kQlikOnce), 0u);
}

TEST_F(Recall, ATakenIdWhoseRowIsGoneIsUnknown) {
  bed_.StartGateway();
  ExpectOk(Call(), false);
  bed_.StartGateway();
  bed_.AddFault(kQlikOnce, OfGets({.kind = SandboxFaultKind::kStatus, .status = 404}));
  ExpectUnknown(Call());
  EXPECT_EQ(bed_.gateway().once_counts().absent, 1u);
}

// Nobody waits, the create's answer is lost, and the question takes its time: it ends with the linger time.
TEST_F(Recall, AQuestionEndsWithTheLingerTime) {
  bed_.setup().linger = milliseconds(300);
  bed_.StartGateway();
  bed_.AddFault(kQlikOnce, LostAnswer());
  bed_.AddFault(kQlikOnce, OfGets({.kind = SandboxFaultKind::kDelay, .wait = seconds(60)}));
  const auto begin = std::chrono::steady_clock::now();
  const RpcResult left = bed_.Call(kQlikOnce, WithId(kQlikOnce.request, kRequestId), milliseconds(200));
  EXPECT_EQ(left.outcome, "unknown") << left.text;
  bed_.gateway().WaitForLingering();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(30));
  EXPECT_EQ(bed_.gateway().once_counts().asked, 1u);
  EXPECT_EQ(bed_.gateway().once_counts().unknown, 1u);
  bed_.EndGateway();
  EXPECT_THAT(bed_.log(), HasSubstr(R"("msg":"orphan")"));
}

TEST_F(Recall, SymphonyHasNoSuchQuestion) {
  bed_.StartGateway();
  bed_.AddFault(kSymphonyOnce, {.kind = SandboxFaultKind::kReset});
  const std::string request = WithId(kSymphonyOnce.request, kRequestId);
  ExpectUnknown(bed_.Call(kSymphonyOnce, request));
  ExpectUnknown(bed_.Call(kSymphonyOnce, request));
  EXPECT_EQ(bed_.Requests(kSymphonyOnce).size(), 1u);
  EXPECT_EQ(bed_.Creates(kSymphonyOnce), 1u);
}

}  // namespace
}  // namespace session_gateway
