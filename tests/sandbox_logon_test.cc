// Symphony's log-on as the sandbox plays it: what it gives, who needs it, how it is renewed and ends, and
// what is refused with which words.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "tests/sandbox/sandbox.h"
#include "tests/sandbox_test_client.h"

namespace session_gateway {
namespace {

using Json = nlohmann::json;
using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::SizeIs;

constexpr char kBase[] = "/platform/rest/symrest/v1/";
constexpr char kEgo[] = "Basic ZWdvOnM6ZWNyZXQ=";       // ego:s:ecret
constexpr char kWrong[] = "Basic ZWdvOndyb25n";         // ego:wrong
constexpr char kStranger[] = "Basic YWxpY2U6d3Jvbmc=";  // alice:wrong

struct Given {
  std::string token;
  std::string certificate;
  std::string csrf_token;  // empty: none

  std::string Cookie() const {
    return "platform.rest.token=" + token + "; platform.rest.certificate=" + certificate;
  }
};

class SandboxLogonTest : public testing::Test {
 protected:
  void Start(const std::function<void(SandboxSymphonyLogon&)>& change = nullptr) {
    SandboxOptions options;
    options.now = [this] {
      return std::chrono::system_clock::time_point(seconds(1'800'000'000 + offset_.load()));
    };
    options.symphony_logon = SandboxSymphonyLogon{.users = {{"ego", "s:ecret"}}};
    if (change) change(*options.symphony_logon);
    sandbox_ = std::make_unique<Sandbox>(std::move(options));
    ASSERT_EQ(sandbox_->Start(), std::nullopt);
  }
  void Pass(seconds time) { offset_ += time.count(); }

  RawReply Send(const RawRequest& request) { return ExchangeOnce(sandbox_->symphony_port(), request); }
  static RawRequest Login(const char* authorization = kEgo) {
    RawRequest request{.method = "GET",
                       .target = std::string(kBase) + "auth/login",
                       .headers = {{"Host", "symphony"}, {"Accept", "application/json"}},
                       .body = "",
                       .add_length = false};
    if (authorization != nullptr) request.Set("Authorization", authorization);
    return request;
  }
  static Given Read(const RawReply& reply) {
    Given given;
    for (const std::string& value : HeaderValues(reply, "Set-Cookie")) {
      const std::size_t equals = value.find('=');
      const std::string text = value.substr(equals + 1, value.find("; ") - equals - 1);
      (value.starts_with("platform.rest.token=") ? given.token : given.certificate) = text;
    }
    given.csrf_token = Json::parse(reply.body).value("csrftoken", "");
    return given;
  }
  Given LogOn() {
    const RawReply reply = Send(Login());
    EXPECT_EQ(reply.status, 200) << reply.body;
    return Read(reply);
  }
  static RawRequest Create(const Given& given) {
    RawRequest request = SymphonyCreate();
    if (!given.csrf_token.empty()) request.target += "&csrftoken=" + given.csrf_token;
    request.Set("Cookie", given.Cookie());
    return request;
  }
  static RawRequest Renewal(const Given& given) {
    RawRequest request = Login(nullptr);
    request.target = std::string(kBase) + "auth/renew?csrftoken=" + given.csrf_token;
    request.Set("Cookie", given.Cookie());
    return request;
  }
  void ExpectRefused(const RawRequest& request, int status, const char* words) {
    const RawReply reply = Send(request);
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr(words));
    EXPECT_EQ(sandbox_->requests(kSymphony).back().refusal, reply.body);
  }
  SandboxCounters Counts() const { return sandbox_->counters(kSymphony); }

  std::atomic<std::int64_t> offset_ = 0;
  std::unique_ptr<Sandbox> sandbox_;
};

TEST_F(SandboxLogonTest, GivesCookiesAndAToken) {
  Start();
  const RawReply reply = Send(Login());
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_THAT(reply.body, MatchesRegex("\\{\"csrftoken\":\"[0-9a-f]{32}\"\\}"));
  const auto cookies = HeaderValues(reply, "Set-Cookie");
  ASSERT_THAT(cookies, SizeIs(2));
  EXPECT_THAT(cookies[0], MatchesRegex("platform.rest.token=\".*==\"; Path=/platform; HttpOnly"));
  EXPECT_THAT(cookies[1], MatchesRegex("platform.rest.certificate=.*\\+/=.*; Path=/platform; HttpOnly"));
  EXPECT_EQ(Send(Create(Read(reply))).status, 200);
  EXPECT_EQ(Counts().logons, 1u);
  EXPECT_EQ(Counts().sessions, 1u);
  EXPECT_EQ(Counts().creates, 1u);
}

TEST_F(SandboxLogonTest, CreatesNeedAllOfIt) {
  Start();
  const Given given = LogOn();
  const Given other = LogOn();
  ExpectRefused(SymphonyCreate(), 401, "cookie platform.rest.token: missing");
  Given spoiled = given;
  spoiled.token = "x";
  ExpectRefused(Create(spoiled), 401, "cookie platform.rest.token: of no log-on that is alive");
  spoiled = given;
  spoiled.token = given.token.substr(1, given.token.size() - 2);
  ExpectRefused(Create(spoiled), 401, "of no log-on that is alive");
  spoiled = given;
  spoiled.certificate = other.certificate;
  ExpectRefused(Create(spoiled), 401, "cookie platform.rest.certificate: not the one of this log-on");
  spoiled = given;
  spoiled.csrf_token.clear();
  ExpectRefused(Create(spoiled), 401, "query parameter csrftoken: missing");
  spoiled.csrf_token = other.csrf_token;
  ExpectRefused(Create(spoiled), 403, "query parameter csrftoken: not the one of this log-on");
  RawRequest half = Create(given);
  half.Set("Cookie", "platform.rest.token=" + given.token);
  ExpectRefused(half, 401, "cookie platform.rest.certificate: missing");
  RawRequest extra = Create(given);
  extra.Set("Cookie", given.Cookie() + "; Path=/platform");
  ExpectRefused(extra, 400, "cookie Path: no log-on gave it");
  extra.Set("Cookie", given.Cookie() + ";x=1");
  ExpectRefused(extra, 401, "not the one of this log-on");
  extra.Set("Cookie", given.Cookie() + "; platform.rest.token=a");
  ExpectRefused(extra, 400, "stands there twice");
  extra.Set("Cookie", "nothing");
  ExpectRefused(extra, 400, "header Cookie: expected name=value");
  EXPECT_EQ(Send(Create(given)).status, 200);
  EXPECT_EQ(Send(Create(other)).status, 200);
}

TEST_F(SandboxLogonTest, LogOnsAreRefusedInWords) {
  Start();
  const std::tuple<const char*, int, const char*> rows[] = {
      {nullptr, 401, "header Authorization: missing"},
      {"Bearer x", 401, "header Authorization: expected Basic"},
      {"Basic ZWdv", 401, "wants user:password"},
      {"Basic ZWdvOg", 401, "wants Base64 with padding"},
      {"Basic ZWdvOv8=", 401, "broken UTF-8"},
      {kWrong, 401, "log-on refused: wrong password"},
      {kStranger, 401, "log-on refused: no such user"},
  };
  for (const auto& [authorization, status, words] : rows) ExpectRefused(Login(authorization), status, words);
  EXPECT_THAT(HeaderValues(Send(Login(nullptr)), "WWW-Authenticate"), SizeIs(1));
  EXPECT_EQ(Counts().refused_logons, 2u);
  RawRequest request = Login();
  request.target += "?x=1";
  ExpectRefused(request, 400, "a log-on has none");
  request = Login();
  request.method = "POST";
  request.add_length = true;
  ExpectRefused(request, 405, "method POST");
  request = Login();
  request.Drop("Accept");
  ExpectRefused(request, 406, "header Accept");
}

TEST_F(SandboxLogonTest, WrongPasswordsLockTheAccount) {
  Start([](SandboxSymphonyLogon& logon) {
    logon.wrong_passwords_max = 2;
    logon.lock_time = seconds(60);
  });
  ExpectRefused(Login(kWrong), 401, "wrong password");
  EXPECT_EQ(Send(Login()).status, 200) << "a good one in between starts the count anew";
  ExpectRefused(Login(kWrong), 401, "wrong password");
  ExpectRefused(Login(kWrong), 401, "wrong password");
  ExpectRefused(Login(), 403, "the account is locked");
  ExpectRefused(Login(kWrong), 403, "the account is locked");
  EXPECT_EQ(Counts().locked, 2u);
  EXPECT_EQ(Counts().refused_logons, 5u);
  Pass(seconds(59));
  EXPECT_EQ(Send(Login()).status, 403);
  Pass(seconds(1));
  EXPECT_EQ(Send(Login()).status, 200);
}

TEST_F(SandboxLogonTest, LocksCanBeOffAndUndone) {
  Start([](SandboxSymphonyLogon& logon) { logon.wrong_passwords_max = 1; });
  ExpectRefused(Login(kWrong), 401, "wrong password");
  EXPECT_EQ(Send(Login()).status, 403);
  EXPECT_EQ(Send(ControlRequest("POST", "users", R"({"user":"ego","password":"wrong"})")).status, 200);
  EXPECT_EQ(Send(Login(kWrong)).status, 200) << "the new password counts, at once";
  EXPECT_EQ(Send(ControlRequest("POST", "users", R"({"user":"ego"})")).status, 400);
  EXPECT_TRUE(sandbox_->SetPassword("alice", "wrong"));
  EXPECT_EQ(Send(Login(kStranger)).status, 200);
  EXPECT_EQ(Send(Login()).status, 401);
  sandbox_->Reset(kSymphony);
  EXPECT_EQ(Send(Login(kWrong)).status, 200);
  Start([](SandboxSymphonyLogon& logon) { logon.wrong_passwords_max = 0; });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Send(Login(kWrong)).status, 401);
}

TEST_F(SandboxLogonTest, RenewalSwapsAllThree) {
  Start();
  const Given old = LogOn();
  const RawReply reply = Send(Renewal(old));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const Given fresh = Read(reply);
  EXPECT_NE(fresh.token, old.token);
  EXPECT_NE(fresh.certificate, old.certificate);
  EXPECT_NE(fresh.csrf_token, old.csrf_token);
  ExpectRefused(Create(old), 401, "of no log-on that is alive");
  ExpectRefused(Renewal(old), 400, "of no log-on that is alive");
  EXPECT_EQ(Send(Create(fresh)).status, 200);
  EXPECT_EQ(Counts().renewals, 1u);
  EXPECT_EQ(Counts().logons, 1u);
  EXPECT_EQ(Counts().sessions, 1u);
}

TEST_F(SandboxLogonTest, RenewalsAreRefusedInWords) {
  Start();
  const Given given = LogOn();
  RawRequest request = Renewal(given);
  request.Drop("Cookie");
  ExpectRefused(request, 400, "cookie platform.rest.token: missing");
  request = Renewal(given);
  request.target = std::string(kBase) + "auth/renew";
  ExpectRefused(request, 401, "query parameter csrftoken: missing");
  request.target += "?csrftoken=other";
  ExpectRefused(request, 403, "not the one of this log-on");
  request.target += "&x=1";
  ExpectRefused(request, 400, "unknown");
  request = Renewal(given);
  request.method = "POST";
  request.add_length = true;
  ExpectRefused(request, 405, "method POST");
  EXPECT_EQ(Send(Create(given)).status, 200);
}

TEST_F(SandboxLogonTest, OldOnesCanLiveUntilTheNewOnesAreUsed) {
  Start([](SandboxSymphonyLogon& logon) { logon.old_valid_until_new_used = true; });
  const Given old = LogOn();
  const Given lost = Read(Send(Renewal(old)));
  EXPECT_EQ(Send(Create(old)).status, 200);
  const Given fresh = Read(Send(Renewal(old)));
  ExpectRefused(Create(lost), 401, "of no log-on that is alive");
  EXPECT_EQ(Send(Create(old)).status, 200);
  EXPECT_EQ(Send(Create(fresh)).status, 200);
  ExpectRefused(Create(old), 401, "of no log-on that is alive");
}

TEST_F(SandboxLogonTest, EndsByTimeAndOnDemand) {
  Start([](SandboxSymphonyLogon& logon) { logon.lifetime = hours(1); });
  const Given given = LogOn();
  Pass(hours(1) - seconds(1));
  EXPECT_EQ(Send(Create(given)).status, 200);
  EXPECT_EQ(Counts().sessions, 1u);
  Pass(seconds(1));
  EXPECT_EQ(Counts().sessions, 0u);
  ExpectRefused(Create(given), 401, "the log-on has expired");
  const Given second = LogOn();
  EXPECT_EQ(Send(ControlRequest("POST", "expire")).status, 200);
  ExpectRefused(Create(second), 401, "of no log-on that is alive");
  const Given third = LogOn();
  sandbox_->ExpireLogons(kSymphony);
  ExpectRefused(Create(third), 401, "of no log-on that is alive");
  const Given fourth = LogOn();
  sandbox_->Reset(kSymphony);
  EXPECT_EQ(Send(Create(fourth)).status, 200) << "a reset ends no log-on";
}

TEST_F(SandboxLogonTest, WhatIsInferredIsAnOption) {
  Start([](SandboxSymphonyLogon& logon) {
    logon.method = "POST";
    logon.login_path = "auth/logon";
    logon.renew_path = "auth/again";
    logon.token_key = "token";
  });
  EXPECT_EQ(Send(Login()).status, 404);
  RawRequest request = Login();
  request.method = "POST";
  request.add_length = true;
  request.target = std::string(kBase) + "auth/logon";
  RawRequest with_body = request;
  with_body.body = "{}";
  ExpectRefused(with_body, 400, "body: expected none");
  const RawReply reply = Send(request);
  ASSERT_EQ(reply.status, 200) << reply.body;
  Given given = Read(reply);
  given.csrf_token = Json::parse(reply.body)["token"];
  EXPECT_EQ(Send(Create(given)).status, 200);
  request = Renewal(given);
  request.target.replace(request.target.find("renew"), 5, "again");
  EXPECT_EQ(Send(request).status, 200);
}

TEST_F(SandboxLogonTest, ThereMayBeNoToken) {
  Start([](SandboxSymphonyLogon& logon) { logon.token_key.reset(); });
  const RawReply reply = Send(Login());
  EXPECT_EQ(reply.body, "{}");
  Given given = Read(reply);
  EXPECT_EQ(Send(Create(given)).status, 200);
  given.csrf_token = "any";
  ExpectRefused(Create(given), 403, "query parameter csrftoken: no log-on gave one");
}

TEST_F(SandboxLogonTest, FaultsMeetOnlyWhoIsLoggedOn) {
  Start();
  ASSERT_TRUE(sandbox_->AddFault(kSymphony, {.kind = SandboxFaultKind::kStatus, .status = 503}));
  EXPECT_EQ(Send(SymphonyCreate()).status, 401);
  EXPECT_EQ(Send(Login()).status, 503);
  EXPECT_EQ(Counts().logons, 0u) << "a status fault begins no log-on";
  EXPECT_EQ(Send(ControlRequest("POST", "faults", R"({"kind":"status","path":"auth/renew"})")).status, 200);
  const Given given = LogOn();
  EXPECT_EQ(Send(Create(given)).status, 200);
  EXPECT_EQ(Send(Renewal(given)).status, 500);
  EXPECT_EQ(Send(Create(given)).status, 200) << "a status fault renews nothing";
  ASSERT_TRUE(sandbox_->AddFault(kSymphony, {.kind = SandboxFaultKind::kReset}));
  Send(Renewal(given));
  EXPECT_EQ(Send(Create(given)).status, 401) << "the answer was lost, the renewal was not";
}

TEST_F(SandboxLogonTest, WithoutTheOptionThereIsNone) {
  Sandbox sandbox(SandboxOptions{});
  ASSERT_EQ(sandbox.Start(), std::nullopt);
  EXPECT_EQ(ExchangeOnce(sandbox.symphony_port(), Login()).status, 404);
  EXPECT_EQ(ExchangeOnce(sandbox.symphony_port(), SymphonyCreate()).status, 200);
  EXPECT_FALSE(sandbox.SetPassword("ego", "x"));
}

TEST(SandboxDateTest, AnswersSayTheTimeOfTheirServer) {
  SandboxOptions options;
  options.now = [] { return std::chrono::system_clock::time_point(seconds(951'782'400)); };
  const auto date_of = [](const SandboxOptions& given, const std::string& fault = "") {
    Sandbox sandbox(given);
    EXPECT_EQ(sandbox.Start(), std::nullopt);
    if (!fault.empty()) ExchangeOnce(sandbox.symphony_port(), ControlRequest("POST", "faults", fault));
    return HeaderValues(ExchangeOnce(sandbox.symphony_port(), SymphonyCreate()), "Date");
  };
  using Dates = std::vector<std::string>;
  EXPECT_EQ(date_of(options), Dates{"Tue, 29 Feb 2000 00:00:00 GMT"});
  EXPECT_EQ(date_of(options, R"({"kind":"status"})"), Dates{"Tue, 29 Feb 2000 00:00:00 GMT"});
  EXPECT_EQ(date_of(options, R"({"kind":"status","headers":{"Date":"never"}})"), Dates{"never"});
  options.date_skew = -hours(1);
  EXPECT_EQ(date_of(options), Dates{"Mon, 28 Feb 2000 23:00:00 GMT"});
  options.date_skew.reset();
  EXPECT_EQ(date_of(options), Dates{});
}

}  // namespace
}  // namespace session_gateway
