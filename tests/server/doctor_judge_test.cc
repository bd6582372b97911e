// What the doctor makes of what it saw, and how it tells it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <set>

#include "server/doctor/capture.h"
#include "server/doctor/judge.h"

namespace session_gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

HttpReply Answer(int status, std::string body = "", std::vector<HttpHeader> headers = {}) {
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(body);
  reply.headers = std::move(headers);
  return reply;
}

SendFailure Failure(FailureKind kind, Phase phase, int system_error = 0) {
  SendFailure failure{kind, phase, false, "detail"};
  failure.system_error = system_error;
  return failure;
}

TEST(FindingTest, EachHasItsTextsAndANameOfItsOwn) {
  std::set<std::string_view> names;
  int expected = 0;
  for (const FindingText& text : FindingTexts()) {
    EXPECT_EQ(static_cast<int>(text.finding), expected++) << "in the order of the enum";
    EXPECT_TRUE(names.insert(text.name).second) << text.name;
    EXPECT_EQ(&TextOf(text.finding), &text);
    if (text.finding == Finding::kNone) continue;
    EXPECT_FALSE(text.means.empty() || text.symphony.empty() || text.qlik.empty()) << text.name;
  }
  EXPECT_EQ(static_cast<int>(Finding::kClockSkew) + 1, expected);
}

TEST(JudgeTest, AFailureIsNamedByWhereItHappened) {
  EXPECT_EQ(FindingOfFailure(Failure(FailureKind::kUnreachable, Phase::kResolve)), Finding::kUnknownHost);
  EXPECT_EQ(FindingOfFailure(Failure(FailureKind::kUnreachable, Phase::kConnect, ECONNREFUSED)),
            Finding::kConnectionRefused);
  EXPECT_EQ(FindingOfFailure(Failure(FailureKind::kDeadline, Phase::kConnect)), Finding::kConnectionTimedOut);
  EXPECT_EQ(FindingOfFailure(Failure(FailureKind::kUnreachable, Phase::kConnect, ETIMEDOUT)),
            Finding::kConnectionTimedOut);
  EXPECT_EQ(FindingOfFailure(Failure(FailureKind::kUnreachable, Phase::kConnect, EHOSTUNREACH)),
            Finding::kConnectionFailed);
  EXPECT_EQ(FindingOfFailure(Failure(FailureKind::kTlsAlert, Phase::kHandshake)),
            Finding::kClientCertificateRefused);
  EXPECT_EQ(FindingOfFailure(Failure(FailureKind::kTlsAlert, Phase::kWait)),
            Finding::kClientCertificateRefused);
  EXPECT_EQ(FindingOfFailure(Failure(FailureKind::kUnreachable, Phase::kHandshake)), Finding::kTlsFailed);
  EXPECT_EQ(FindingOfFailure(Failure(FailureKind::kMalformed, Phase::kReceive)), Finding::kNotThisApi);
  EXPECT_EQ(FindingOfFailure(Failure(FailureKind::kLost, Phase::kWait)), Finding::kNoAnswer);
}

TEST(JudgeTest, ALogonIsJudgedByItsAnswer) {
  const SendFailure failure = Failure(FailureKind::kLogonContract, Phase::kLogon);
  const auto judge = [&failure](const HttpReply& answer, Upstream upstream = Upstream::kSymphony) {
    return JudgeLogon(upstream, &answer, &failure).finding;
  };
  EXPECT_EQ(judge(Answer(401)), Finding::kLogonRefused);
  EXPECT_EQ(judge(Answer(403)), Finding::kAccountLocked);
  EXPECT_EQ(judge(Answer(404)), Finding::kNoLogonPath);
  EXPECT_EQ(judge(Answer(404, "<html>", {{"content-type", "text/html"}})), Finding::kNoLogonPath);
  EXPECT_EQ(judge(Answer(401, "The account is locked out")), Finding::kAccountLocked);
  EXPECT_EQ(judge(Answer(403, "No access pass available"), Upstream::kQlik), Finding::kNoAccessPass);
  EXPECT_EQ(judge(Answer(403), Upstream::kQlik), Finding::kNoRight);
  EXPECT_EQ(judge(Answer(302)), Finding::kLogonPage);
  EXPECT_EQ(judge(Answer(200, "<html>", {{"content-type", "text/html"}})), Finding::kLogonPage);
  EXPECT_EQ(judge(Answer(200, "{}")), Finding::kNoLogonCookie);
  EXPECT_EQ(judge(Answer(429)), Finding::kTooManyRequests);
  EXPECT_EQ(judge(Answer(503)), Finding::kServerError);
  EXPECT_EQ(judge(Answer(403, "You have too many sessions active in parallel"), Upstream::kQlik),
            Finding::kTooManySessions);
  const HttpReply good = Answer(200, "{}");
  EXPECT_EQ(JudgeLogon(Upstream::kSymphony, &good, nullptr).status, StepStatus::kOk);
  EXPECT_EQ(JudgeLogon(Upstream::kSymphony, nullptr, &failure).status, StepStatus::kFailed);
}

TEST(JudgeTest, AReadIsJudgedByItsAnswer) {
  const auto judge = [](HttpReply answer, Upstream upstream = Upstream::kQlik,
                        Finding unauthorized = Finding::kLogonRefused) {
    return JudgeRead(upstream, unauthorized, std::move(answer)).finding;
  };
  EXPECT_EQ(judge(Answer(200, "{}")), Finding::kNone);
  EXPECT_EQ(judge(Answer(200, "hello")), Finding::kNotThisApi);
  EXPECT_EQ(judge(Answer(200, "<html>", {{"content-type", "text/html"}})), Finding::kLogonPage);
  EXPECT_EQ(judge(Answer(302)), Finding::kNotLoggedOn);
  EXPECT_EQ(judge(Answer(401)), Finding::kLogonRefused);
  EXPECT_EQ(judge(Answer(401), Upstream::kQlik, Finding::kClientCertificateRefused),
            Finding::kClientCertificateRefused);
  EXPECT_EQ(judge(Answer(403, "XSRF prevention check failed. Possible XSRF discovered.")),
            Finding::kXsrfRefused);
  EXPECT_EQ(judge(Answer(403, "XSRF"), Upstream::kSymphony), Finding::kNoRight);
  EXPECT_EQ(judge(Answer(403, "Your account is inactive.")), Finding::kUserInactive);
  EXPECT_EQ(judge(Answer(500, "malformed X-Qlik-User header")), Finding::kMalformedUser);
  EXPECT_EQ(judge(Answer(403, "Forbidden")), Finding::kNoRight);
  EXPECT_EQ(judge(Answer(404)), Finding::kWrongPath);
  EXPECT_EQ(judge(Answer(500)), Finding::kServerError);
  EXPECT_EQ(judge(Answer(418)), Finding::kNotThisApi);
}

TEST(JudgeTest, ARenewalIsNeverWorseThanAWarning) {
  EXPECT_EQ(JudgeRenewal(Answer(200, "{}")).status, StepStatus::kOk);
  EXPECT_EQ(JudgeRenewal(Answer(404)).status, StepStatus::kWarning);
  EXPECT_EQ(JudgeRenewal(Failure(FailureKind::kLost, Phase::kWait)).status, StepStatus::kWarning);
}

TEST(JudgeTest, TheClocksMayDifferByAMinute) {
  const WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(12);
  const auto judge = [now](std::string date) {
    return JudgeClock(Answer(200, "", {{"date", std::move(date)}}), now);
  };
  EXPECT_EQ(judge("Sun, 22 Nov 2026 12:01:00 GMT").status, StepStatus::kOk);
  EXPECT_EQ(judge("Sun, 22 Nov 2026 11:58:59 GMT").finding, Finding::kClockSkew);
  EXPECT_THAT(judge("Sun, 22 Nov 2026 11:58:59 GMT").seen, HasSubstr("61 s behind"));
  EXPECT_THAT(judge("Mon, 23 Nov 2026 12:00:00 GMT").seen, HasSubstr("86400 s ahead"));
  EXPECT_EQ(judge("yesterday").status, StepStatus::kSkipped);
  EXPECT_EQ(JudgeClock(Answer(200), now).status, StepStatus::kSkipped);
}

DoctorReport SampleReport() {
  EndpointReport endpoint{Upstream::kQlik, "https://q:4242", {}};
  endpoint.steps.push_back({StepKind::kResolve, StepStatus::kOk, "127.0.0.1"});
  endpoint.steps.push_back(
      {StepKind::kConnect, StepStatus::kFailed, "said \"no\"\n\x1b[31m", Finding::kConnectionRefused});
  return {{endpoint}};
}

TEST(ReportTest, TheTextSaysWhatItMeansAndWhatToDo) {
  const std::string text = ReportText(SampleReport());
  EXPECT_THAT(text, HasSubstr("qlik https://q:4242\n  ok       name resolution     127.0.0.1\n"));
  EXPECT_THAT(text, HasSubstr("[connection_refused]"));
  EXPECT_THAT(text, HasSubstr("what to do:    The repository listens on 4242"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, testing::EndsWith("Something is wrong.\n"));
}

TEST(ReportTest, TheJsonHasTheSame) {
  const auto json = nlohmann::json::parse(ReportJson(SampleReport()));
  EXPECT_EQ(json["ok"], false);
  const auto& steps = json["endpoints"][0]["steps"];
  EXPECT_EQ(steps[0], (nlohmann::json{{"step", "name_resolution"}, {"status", "ok"}, {"seen", "127.0.0.1"}}));
  EXPECT_EQ(steps[1]["finding"], "connection_refused");
  EXPECT_EQ(steps[1]["do"], AdviceOf(Finding::kConnectionRefused, Upstream::kQlik));
  EXPECT_FALSE(DoctorReport{}.HasFailure());
}

TEST(CaptureTest, NoSecretIsShown) {
  Capture capture;
  HttpRequest request{
      "GET",
      "/platform/rest/symrest/v1/auth/renew",
      {{"csrftoken", "canary1", Secrecy::kSecret}},
      {{"authorization", "Basic canary2"}, {"cookie", "a=canary3"}, {"accept", "application/json"}},
      ""};
  HttpReply reply = Answer(200, R"({"csrftoken":"canary4","other":["canary5",{"x":7}]})",
                           {{"set-cookie", "platform.rest.token=canary6; Path=/; Secure"},
                            {"location", "/login?ticket=canary7"},
                            {"x-strange", "canary8"},
                            {"content-type", "application/json"}});
  capture.Add({"https://s:1", request, reply});
  HttpRequest about{"GET", "/qrs/about", {}, {}, ""};
  capture.Add({"https://q:2", about, Answer(200, R"({"buildVersion":"1.2","apiToken":"canary9"})")});
  capture.Add({"https://s:1", request, Answer(200, "canary10 not json")});
  capture.Add({"https://s:1", request, Answer(200, "<html>canary11", {{"content-type", "text/html"}})});
  const std::string text = capture.Text();
  EXPECT_THAT(text, Not(HasSubstr("canary")));
  EXPECT_THAT(text, HasSubstr("> GET https://s:1/platform/rest/symrest/v1/auth/renew?csrftoken=***\n"));
  EXPECT_THAT(text, HasSubstr("> accept: application/json\n"));
  EXPECT_THAT(text, HasSubstr("< set-cookie: platform.rest.token=***; Path=/; Secure\n"));
  EXPECT_THAT(text, HasSubstr(R"({"csrftoken":"***","other":["***",{"x":"***"}]})"));
  EXPECT_THAT(text, HasSubstr(R"({"apiToken":"***","buildVersion":"1.2"})"));
}

TEST(CaptureTest, WhatTheAnswerRepeatsIsStarred) {
  Capture capture;
  HttpRequest request{"GET", "/qrs/about", {}, {}, ""};
  request.headers.push_back({"authorization", "Bearer canary.jwt.sig", Secrecy::kSecret});
  request.headers.push_back({"cookie", "X-Qlik-Session=canary-session", Secrecy::kSecret});
  HttpReply json =
      Answer(403, R"({"jwt":"canary.jwt.sig","x":"canary-session","canary-session":[1]})",
             {{"www-authenticate", "PlatformToken token=canary-session"}, {"server", "says canary-session"}});
  HttpReply text = Answer(403, "you sent canary.jwt.sig and canary-session");
  for (HttpReply* reply : {&json, &text}) {
    NoteSecrets(request, *reply);
    capture.Add({"https://q:2", request, *reply});
  }
  EXPECT_THAT(capture.Text(), Not(HasSubstr("canary")));
  EXPECT_THAT(capture.Text(), HasSubstr("< www-authenticate: PlatformToken ***\n"));
}

TEST(CaptureTest, WhatWasNotAnsweredSaysSo) {
  Capture capture;
  capture.Add({"https://s:1", {"GET", "/a", {}, {}, ""}, Failure(FailureKind::kLost, Phase::kWait)});
  EXPECT_THAT(capture.Text(), HasSubstr("> GET https://s:1/a\n< no answer (wait): detail\n"));
}

}  // namespace
}  // namespace session_gateway
