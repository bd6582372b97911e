// The outcome table: one row per status, per failure, per state of a success body.
#include "translator/upstream_status.h"

#include "tests/translator/codec_fixture.h"
#include "translator/given_away_id.h"
#include "translator/http_date.h"

namespace session_gateway::testing {
namespace {

using absl::StatusCode;

HttpReply Reply(int status, const std::string& body = "", std::vector<HttpHeader> headers = {}) {
  HttpReply reply;
  reply.status = status;
  reply.body = body;
  reply.headers = std::move(headers);
  return reply;
}

struct Row {
  StatusCode code;
  Reason reason;
  Outcome outcome;
};

const Row kContractUnknown{StatusCode::kInternal, Reason::kUpstreamContract, Outcome::kUnknown};
const Row kContractRefused{StatusCode::kInternal, Reason::kUpstreamContract, Outcome::kRefused};
const Row kPrecondition{StatusCode::kFailedPrecondition, Reason::kUpstreamRefused, Outcome::kRefused};
const Row kInvalid{StatusCode::kInvalidArgument, Reason::kUpstreamRefused, Outcome::kRefused};
const Row kExhausted{StatusCode::kResourceExhausted, Reason::kUpstreamRefused, Outcome::kRefused};
const Row kFailed{StatusCode::kUnknown, Reason::kUpstreamFailed, Outcome::kUnknown};
const Row kLogon{StatusCode::kInternal, Reason::kLogonRefused, Outcome::kRefused};
const Row kUnauthenticated{StatusCode::kUnauthenticated, Reason::kUpstreamRefused, Outcome::kRefused};

Row Expected(int status, CredentialOwner owner) {
  if (status < 300) return kContractUnknown;
  if (status < 400 || status == 401) return owner == CredentialOwner::kGateway ? kLogon : kUnauthenticated;
  switch (status) {
    case 400:
    case 422:
      return kInvalid;
    case 403:
      return {StatusCode::kPermissionDenied, Reason::kUpstreamRefused, Outcome::kRefused};
    case 404:
      return {StatusCode::kNotFound, Reason::kUpstreamRefused, Outcome::kRefused};
    case 405:
    case 406:
    case 415:
      return kContractRefused;
    case 409:
      return {StatusCode::kAlreadyExists, Reason::kUpstreamRefused, Outcome::kRefused};
    case 413:
    case 429:
      return kExhausted;
    case 500:
      return {StatusCode::kInternal, Reason::kUpstreamFailed, Outcome::kUnknown};
    case 501:
      return {StatusCode::kUnimplemented, Reason::kUpstreamRefused, Outcome::kRefused};
    case 408:
      return kFailed;
    default:
      return status > 500 ? kFailed : kPrecondition;
  }
}

void ExpectRow(const RpcError& error, const Row& row, int status) {
  EXPECT_EQ(error.code, row.code) << status;
  EXPECT_EQ(error.reason, row.reason) << status;
  EXPECT_EQ(error.outcome, row.outcome) << status;
}

TEST(UpstreamStatus, EveryStatusHasItsRow) {
  for (Upstream upstream : {Upstream::kSymphony, Upstream::kQlik}) {
    for (CredentialOwner owner : {CredentialOwner::kGateway, CredentialOwner::kCaller}) {
      for (int status = 100; status < 600; ++status) {
        const RpcError error = ErrorFromStatus(upstream, owner, Reply(status, "text"));
        ExpectRow(error, Expected(status, owner), status);
        EXPECT_EQ(error.http_status, status);
        EXPECT_EQ(error.phase, Phase::kReceive);
        EXPECT_EQ(error.upstream, upstream);
        EXPECT_NE(error.code, StatusCode::kUnavailable);
        EXPECT_NE(error.code, StatusCode::kOk);
        EXPECT_NE(error.outcome, Outcome::kDone);
        EXPECT_NE(error.message.find(std::to_string(status)), std::string::npos);
      }
    }
  }
}

// The table again, in the words of the outcome table, so that the loop's own switch has a witness.
TEST(UpstreamStatus, TheRowsOfTheTable) {
  const std::pair<int, Row> rows[] = {
      {101, kContractUnknown}, {204, kContractUnknown}, {302, kLogon},        {304, kLogon},
      {401, kLogon},           {400, kInvalid},         {422, kInvalid},      {405, kContractRefused},
      {406, kContractRefused}, {415, kContractRefused}, {402, kPrecondition}, {410, kPrecondition},
      {412, kPrecondition},    {418, kPrecondition},    {499, kPrecondition}, {413, kExhausted},
      {429, kExhausted},       {408, kFailed},          {502, kFailed},       {503, kFailed},
      {504, kFailed},          {505, kFailed},          {599, kFailed},
  };
  for (const auto& [status, row] : rows)
    ExpectRow(ErrorFromStatus(Upstream::kQlik, CredentialOwner::kGateway, Reply(status)), row, status);
}

TEST(UpstreamStatus, TheXsrfRefusalIsTheGatewaysFault) {
  const std::string text = "XSRF prevention check failed. Possible XSRF discovered.";
  ExpectRow(ErrorFromStatus(Upstream::kQlik, CredentialOwner::kGateway, Reply(403, text)), kContractRefused,
            403);
  ExpectRow(ErrorFromStatus(Upstream::kSymphony, CredentialOwner::kGateway, Reply(403, text)),
            Expected(403, CredentialOwner::kGateway), 403);
  ExpectRow(ErrorFromStatus(Upstream::kQlik, CredentialOwner::kGateway, Reply(400, text)), kInvalid, 400);
}

TEST(UpstreamStatus, RetryAfterIsHandedOnInSeconds) {
  const auto seconds = [](int status, const std::string& value) {
    return ErrorFromStatus(Upstream::kSymphony, CredentialOwner::kGateway,
                           Reply(status, "", {{"retry-after", value}}))
        .retry_after_seconds;
  };
  EXPECT_EQ(seconds(429, "7"), 7);
  EXPECT_EQ(seconds(413, "0"), 0);
  EXPECT_EQ(seconds(429, "86400"), 86400);
  for (const char* bad :
       {"86401", "-1", "", "x", "1.5", "99999999999999999999", "Wed, 21 Oct 2026 07:28:00 GMT"})
    EXPECT_EQ(seconds(429, bad), std::nullopt) << bad;
  EXPECT_EQ(seconds(503, "7"), std::nullopt);
  EXPECT_EQ(ErrorFromStatus(Upstream::kSymphony, CredentialOwner::kGateway, Reply(429)).retry_after_seconds,
            std::nullopt);
}

TEST(UpstreamStatus, RetryAfterAsADateCountsFromTheAnswersOwn) {
  const auto seconds = [](const std::string& until, std::vector<HttpHeader> others) {
    others.push_back({"retry-after", until});
    return ErrorFromStatus(Upstream::kQlik, CredentialOwner::kGateway, Reply(429, "", std::move(others)))
        .retry_after_seconds;
  };
  const HttpHeader now{"date", "Wed, 21 Oct 2026 07:28:00 GMT"};
  EXPECT_EQ(seconds("Wed, 21 Oct 2026 07:30:05 GMT", {now}), 125);
  EXPECT_EQ(seconds("Thu, 22 Oct 2026 07:28:00 GMT", {now}), 86400);
  // Over already.
  EXPECT_EQ(seconds("Wed, 21 Oct 2026 07:28:00 GMT", {now}), 0);
  EXPECT_EQ(seconds("Wed, 21 Oct 2015 07:28:00 GMT", {now}), 0);
  // More than a day is a fault, and without the answer's time nobody knows how long it is.
  EXPECT_EQ(seconds("Thu, 22 Oct 2026 07:28:01 GMT", {now}), std::nullopt);
  EXPECT_EQ(seconds("Wed, 21 Oct 2026 07:30:05 GMT", {}), std::nullopt);
  EXPECT_EQ(seconds("Wed, 21 Oct 2026 07:30:05 GMT", {{"date", "today"}}), std::nullopt);
  EXPECT_EQ(seconds("7", {{"date", "today"}}), 7);
}

TEST(HttpDate, IsReadWhole) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  EXPECT_EQ(ParseHttpDate("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
  EXPECT_EQ(ParseHttpDate("Wed, 31 Dec 1969 23:59:60 GMT"), 0);
  EXPECT_EQ(ParseHttpDate("Mon, 29 Feb 2016 12:00:00 GMT"), 1456747200);
  for (const char* bad :
       {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 31 Feb 2026 00:00:00 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Foo, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, +6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_FALSE(ParseHttpDate(bad)) << bad;
  }
}

SendFailure Failure(FailureKind kind, bool sent, Phase phase = Phase::kWait) {
  return {kind, phase, sent, "detail"};
}

TEST(UpstreamStatus, EveryFailureHasItsRow) {
  struct Case {
    FailureKind kind;
    bool sent;
    StatusCode code;
    Reason reason;
  };
  const Case cases[] = {
      {FailureKind::kUnreachable, false, StatusCode::kUnavailable, Reason::kUpstreamUnreachable},
      {FailureKind::kUnreachable, true, StatusCode::kUnknown, Reason::kOutcomeUnknown},
      {FailureKind::kLost, false, StatusCode::kUnavailable, Reason::kUpstreamUnreachable},
      {FailureKind::kLost, true, StatusCode::kUnknown, Reason::kOutcomeUnknown},
      {FailureKind::kMalformed, true, StatusCode::kInternal, Reason::kUpstreamContract},
      {FailureKind::kDeadline, false, StatusCode::kDeadlineExceeded, Reason::kDeadline},
      {FailureKind::kDeadline, true, StatusCode::kDeadlineExceeded, Reason::kDeadline},
      {FailureKind::kCancelled, false, StatusCode::kCancelled, Reason::kDeadline},
      {FailureKind::kCancelled, true, StatusCode::kUnknown, Reason::kOutcomeUnknown},
      {FailureKind::kRefusedText, false, StatusCode::kInternal, Reason::kUpstreamContract},
      {FailureKind::kOverloaded, false, StatusCode::kResourceExhausted, Reason::kOverloaded},
  };
  for (const Case& row : cases) {
    const RpcError error = ErrorFromFailure(Upstream::kQlik, Failure(row.kind, row.sent, Phase::kSend));
    EXPECT_EQ(error.code, row.code) << static_cast<int>(row.kind) << row.sent;
    EXPECT_EQ(error.reason, row.reason) << static_cast<int>(row.kind) << row.sent;
    EXPECT_EQ(error.outcome, row.sent ? Outcome::kUnknown : Outcome::kNotSent);
    EXPECT_EQ(error.phase, Phase::kSend);
    EXPECT_EQ(error.http_status, 0);
    EXPECT_EQ(error.message, "Qlik: detail");
  }
}

TEST(UpstreamStatus, UnavailableMeansNotSent) {
  for (FailureKind kind :
       {FailureKind::kUnreachable, FailureKind::kLost, FailureKind::kMalformed, FailureKind::kDeadline,
        FailureKind::kCancelled, FailureKind::kRefusedText, FailureKind::kOverloaded}) {
    const RpcError error = ErrorFromFailure(Upstream::kSymphony, Failure(kind, true));
    EXPECT_NE(error.code, StatusCode::kUnavailable);
    EXPECT_NE(error.code, StatusCode::kCancelled);
    EXPECT_TRUE(ForbidsRetry(error));
    EXPECT_FALSE(ForbidsRetry(ErrorFromFailure(Upstream::kSymphony, Failure(kind, false))));
  }
}

// The first log-on fails before anything of the create has left; a renewal fails after the create was
// refused.
TEST(UpstreamStatus, ALogonsFailureHasItsRowBeforeAndAfterARefusal) {
  const struct {
    FailureKind kind;
    StatusCode before;
    Reason reason;
  } rows[] = {{FailureKind::kUnreachable, StatusCode::kUnavailable, Reason::kUpstreamUnreachable},
              {FailureKind::kTls, StatusCode::kInternal, Reason::kUpstreamTls},
              {FailureKind::kLogonRefused, StatusCode::kInternal, Reason::kLogonRefused},
              {FailureKind::kLogonContract, StatusCode::kInternal, Reason::kUpstreamContract},
              {FailureKind::kOverloaded, StatusCode::kResourceExhausted, Reason::kOverloaded}};
  for (const auto& row : rows) {
    SendFailure failure{row.kind, Phase::kLogon, false, "log-on"};
    ExpectRow(ErrorFromFailure(Upstream::kSymphony, failure), {row.before, row.reason, Outcome::kNotSent}, 0);
    failure.refused_before = true;
    ExpectRow(ErrorFromFailure(Upstream::kSymphony, failure),
              {StatusCode::kInternal, row.reason, Outcome::kRefused}, 0);
  }
  // The second attempt of a create meets a bound: that is no renewal.
  SendFailure failure{FailureKind::kOverloaded, Phase::kQueue, false, "full"};
  failure.refused_before = true;
  ExpectRow(ErrorFromFailure(Upstream::kQlik, failure),
            {StatusCode::kResourceExhausted, Reason::kOverloaded, Outcome::kRefused}, 0);
}

TEST(UpstreamStatus, ABrokenAnswerKeepsItsStatus) {
  SendFailure failure = Failure(FailureKind::kMalformed, true);
  failure.http_status = 101;
  EXPECT_EQ(ErrorFromFailure(Upstream::kSymphony, failure).http_status, 101);
}

TEST(UpstreamStatus, ALongDetailIsCut) {
  SendFailure failure = Failure(FailureKind::kLost, true);
  failure.detail = std::string(5000, 'd');
  EXPECT_EQ(ErrorFromFailure(Upstream::kSymphony, failure).message.size(), 320u);
}

std::optional<RpcError> Success(HttpReply reply) {
  return ErrorFromSuccess(Upstream::kSymphony, "sessionId", reply);
}

TEST(SuccessAnswer, HtmlMayBeALogOnPage) {
  for (const char* type :
       {"text/html", "TEXT/HTML; charset=utf-8", " text/html ;x", "application/xhtml+xml"}) {
    const auto error = Success(Reply(200, R"({"sessionId":1})", {{"content-type", type}}));
    ASSERT_TRUE(error) << type;
    ExpectRow(*error, kContractUnknown, 200);
    EXPECT_EQ(error->created_id, "");
  }
  for (const char* type : {"application/json", "text/plain", "text/htmlx", "", "application/octet-stream"})
    EXPECT_FALSE(Success(Reply(200, "", {{"content-type", type}}))) << type;
  EXPECT_FALSE(Success(Reply(200)));
}

TEST(SuccessAnswer, AnEncodedBodyIsUnreadable) {
  const auto error = Success(Reply(200, R"({"sessionId":1})", {{"content-encoding", "gzip"}}));
  ASSERT_TRUE(error);
  ExpectRow(*error, {StatusCode::kInternal, Reason::kAnswerUnreadable, Outcome::kDone}, 200);
  EXPECT_EQ(error->phase, Phase::kParse);
  EXPECT_EQ(error->created_id, "");
  EXPECT_FALSE(Success(Reply(200, "", {{"content-encoding", "Identity"}})));
  EXPECT_FALSE(Success(Reply(200, "", {{"content-encoding", ""}})));
}

TEST(SuccessAnswer, ABodyThatDidNotArriveIsDoneAndUnreadable) {
  for (BodyState state :
       {BodyState::kCut, BodyState::kMalformed, BodyState::kTooLarge, BodyState::kDeadline}) {
    HttpReply reply = Reply(200, R"({"sessionId":12,"app)");
    reply.body_state = state;
    const auto error = Success(reply);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->outcome, Outcome::kDone);
    EXPECT_EQ(error->phase, Phase::kReceive);
    EXPECT_EQ(error->http_status, 200);
    EXPECT_EQ(error->created_id, "12");
    EXPECT_TRUE(ForbidsRetry(*error));
    const bool deadline = state == BodyState::kDeadline;
    EXPECT_EQ(error->code, deadline ? StatusCode::kDeadlineExceeded : StatusCode::kInternal);
    EXPECT_EQ(error->reason, deadline ? Reason::kDeadline : Reason::kAnswerUnreadable);
  }
}

TEST(GivenAwayId, CountsOnlyBeforeACommaOrBrace) {
  const std::pair<std::string, std::string> rows[] = {
      {R"({"id":12,)", "12"},
      {R"({"id":12})", "12"},
      {R"({"id" : -12 , )", "-12"},
      {R"({"id":"a-b",)", "a-b"},
      {R"({"id":"a-b" })", "a-b"},
      {R"({"x":{"id":1,"y":"}"},"z":[1,{"id":2},"]"],"id":3})", "3"},
      {R"({"x":"a\",\"id\":5","id":3,)", "3"},
      {R"({"id":1,"id":2,)", "2"},
      {"\xEF\xBB\xBF{\"id\":12,", "12"},
      {"\n {\"id\":12,", "12"},
      {R"({"id":12)", ""},
      {R"({"id":12 )", ""},
      {R"({"id":"a-b")", ""},
      {R"({"id":"a-)", ""},
      {R"({"id":12])", ""},
      {R"({"id":1.5,)", ""},
      {R"({"id":1e3,)", ""},
      {R"({"id":-,)", ""},
      {R"({"id":,)", ""},
      {R"({"id":"",)", ""},
      {R"({"id":null,)", ""},
      {R"({"id":"a\u0062",)", ""},
      {"{\"id\":\"a\nb\",", ""},
      {"{\"id\":\"a b\",", ""},
      {"{\"id\":\"\xc3\xa9\",", ""},
      {R"({"ID":12,)", ""},
      {R"({"x":{"id":12,)", ""},
      {R"([{"id":12,)", ""},
      {R"("id":12,)", ""},
      {"", ""},
      {"{", ""},
      {"{\"id", ""},
      {"{\"id\"", ""},
      {"{\"a\":]]]],\"id\":1,", ""},
      {"{\"id\":\"" + std::string(128, 'a') + "\",", std::string(128, 'a')},
      {"{\"id\":\"" + std::string(129, 'a') + "\",", ""},
  };
  for (const auto& [body, id] : rows) EXPECT_EQ(FindGivenAwayId(body, "id", {}), id) << body;
  EXPECT_EQ(FindGivenAwayId(R"({"id":"CANARY",)", "id", {"CANARY"}), "***");
}

}  // namespace
}  // namespace session_gateway::testing
