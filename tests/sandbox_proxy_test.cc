// Qlik's virtual proxy as the sandbox plays it: whom it lets through, its sessions, and what it refuses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "tests/sandbox/sandbox.h"
#include "tests/sandbox_test_client.h"

namespace session_gateway {
namespace {

using Json = nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::SizeIs;

constexpr char kCookie[] = "X-Qlik-Session-vp";

class SandboxProxyTest : public testing::Test {
 protected:
  void Start(const std::function<void(SandboxQlikProxy&)>& change = nullptr) {
    SandboxOptions options;
    options.now = [this] {
      return std::chrono::system_clock::time_point(seconds(1'800'000'000 + offset_.load()));
    };
    options.qlik_proxy =
        SandboxQlikProxy{.prefix = "vp", .tokens = {{"tok.en", "DIR\\ann"}, {"other", "DIR\\bob"}}};
    if (change) change(*options.qlik_proxy);
    sandbox_ = std::make_unique<Sandbox>(std::move(options));
    ASSERT_EQ(sandbox_->Start(), std::nullopt);
  }
  RawReply Send(const RawRequest& request) { return ExchangeOnce(sandbox_->qlik_proxy_port(), request); }

  static RawRequest About(const std::string& token = "") {
    RawRequest request = QlikGet("/vp/qrs/about");
    request.Drop("X-Qlik-User");
    if (!token.empty()) request.Set("Authorization", "Bearer " + token);
    return request;
  }
  static RawRequest Create(const std::string& session = "", std::string body = "{}") {
    RawRequest request = QlikCreate(std::move(body));
    request.target = "/vp" + request.target;
    request.Drop("X-Qlik-User");
    if (!session.empty()) request.Set("Cookie", std::string(kCookie) + '=' + session);
    return request;
  }
  static std::string SessionOf(const RawReply& reply) {
    const auto cookies = HeaderValues(reply, "Set-Cookie");
    if (cookies.size() != 1) return "";
    const std::size_t equals = cookies[0].find('=');
    return cookies[0].substr(equals + 1, cookies[0].find(';') - equals - 1);
  }
  std::string LogOn(const std::string& token = "tok.en") {
    const RawReply reply = Send(About(token));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return SessionOf(reply);
  }
  RawReply ExpectRefused(const RawRequest& request, int status, const char* words) {
    RawReply reply = Send(request);
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr(words));
    EXPECT_THAT(HeaderValues(reply, "Set-Cookie"), IsEmpty());
    return reply;
  }
  SandboxCounters Counts() const { return sandbox_->counters(kQlik); }

  std::atomic<std::int64_t> offset_ = 0;
  std::unique_ptr<Sandbox> sandbox_;
};

TEST_F(SandboxProxyTest, ATokenOpensASessionThatCreates) {
  Start();
  EXPECT_EQ(sandbox_->QlikProxyEndpoint(),
            "http://127.0.0.1:" + std::to_string(sandbox_->qlik_proxy_port()) + "/vp");
  const RawReply about = Send(About("tok.en"));
  ASSERT_EQ(about.status, 200) << about.body;
  EXPECT_EQ(Json::parse(about.body)["buildVersion"], "38.22.0.0");
  EXPECT_THAT(HeaderValues(about, "Set-Cookie"),
              ElementsAre(MatchesRegex("X-Qlik-Session-vp=[0-9a-f-]{36}; Path=/; HttpOnly")));
  const RawReply created = Send(Create(SessionOf(about)));
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(Json::parse(created.body)["modifiedByUserName"], "DIR\\ann");
  EXPECT_THAT(HeaderValues(created, "Set-Cookie"), IsEmpty());
  EXPECT_THAT(sandbox_->rows(kQlik), SizeIs(1));
  EXPECT_EQ(Counts().logons, 1u);
  EXPECT_EQ(Counts().sessions, 1u);
}

TEST_F(SandboxProxyTest, TheDirectPortIsAsItWas) {
  Start();
  EXPECT_EQ(ExchangeOnce(sandbox_->qlik_port(), QlikCreate()).status, 201);
  EXPECT_EQ(ExchangeOnce(sandbox_->qlik_port(), Create("x")).status, 404);
  RawRequest nobody = QlikCreate();
  nobody.Drop("X-Qlik-User");
  EXPECT_EQ(ExchangeOnce(sandbox_->qlik_port(), nobody).status, 403);
}

TEST_F(SandboxProxyTest, WhoIsNotLoggedOnIsSentToTheLogonModule) {
  Start();
  RawReply reply = ExpectRefused(About(), 302, "and no credentials");
  EXPECT_THAT(HeaderValues(reply, "Location"), ElementsAre(HasSubstr("/vp/internal_")));
  RawRequest post = Create();
  post.Set("Authorization", "Bearer tok.en");
  ExpectRefused(post, 302, "cookie X-Qlik-Session-vp: missing");
  ExpectRefused(Create("unknown"), 302, "of no session that is alive");
  ExpectRefused(Create("", "no json"), 302, "not logged on");
  EXPECT_EQ(Counts().creates, 0u);
  EXPECT_EQ(Counts().sessions, 0u);
}

TEST_F(SandboxProxyTest, CredentialsAreJudged) {
  Start([](SandboxQlikProxy& proxy) { proxy.user_header = "X-User"; });
  ExpectRefused(About("wrong"), 401, "the token is not accepted");
  RawRequest request = About();
  request.Set("Authorization", "Basic YTpi");
  ExpectRefused(request, 401, "expected Bearer");
  for (const char* user : {"ann", "\\ann", "DIR\\", "DIR\\a\\b", "DIR\\\xC3\xA9"}) {
    request = About();
    request.Set("X-User", user);
    ExpectRefused(request, 401, "expected DIRECTORY\\user in ASCII");
  }
  request = About("tok.en");
  request.Set("X-User", "DIR\\ann");
  ExpectRefused(request, 401, "credentials of two kinds");
  EXPECT_EQ(Counts().refused_logons, 8u);
  request.Drop("Authorization");
  const RawReply reply = Send(request);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(Json::parse(Send(Create(SessionOf(reply))).body)["modifiedByUserName"], "DIR\\ann");
}

TEST_F(SandboxProxyTest, WhatOnlyTheProxyMaySayIsRefused) {
  Start();
  const std::string session = LogOn();
  RawRequest request = Create(session);
  request.Set("X-Qlik-User", "UserDirectory=DIR;UserId=ann");
  ExpectRefused(request, 403, "header X-Qlik-User: only the proxy");
  request = Create(session);
  request.target = request.target.substr(3);
  ExpectRefused(request, 404, "expected it below /vp/qrs/");
  request = Create(session);
  request.Set("Cookie", "X-Qlik-Session=" + session);
  ExpectRefused(request, 400, "expected X-Qlik-Session-vp alone");
  request = Create(session);
  request.Set("Authorization", "Bearer other");
  ExpectRefused(request, 403, "of another user than the credentials");
  request.Set("Authorization", "Bearer " + std::string(17'000, 'a'));
  RawReply reply = Send(request);
  EXPECT_GE(reply.status, 400);
}

TEST_F(SandboxProxyTest, TheRepositorysRulesHoldBehindIt) {
  Start();
  const std::string session = LogOn();
  RawRequest request = Create(session);
  request.Drop("X-Qlik-Xrfkey");
  ExpectRefused(request, 403, "XSRF prevention check failed");
  ExpectRefused(Create(session, "[]"), 400, "body");
  RawRequest keyless = About("tok.en");
  keyless.Drop("X-Qlik-Xrfkey");
  ExpectRefused(keyless, 403, "XSRF prevention check failed");
  EXPECT_EQ(Counts().sessions, 1u) << "a refused request begins no session";
  RawRequest missing = About("tok.en");
  missing.target = "/vp/qrs/executionsession/046b6c7f-0b8a-43b9-b35d-6489e6daee91?xrfkey=0123456789abcDEF";
  const RawReply reply = Send(missing);
  EXPECT_EQ(reply.status, 404);
  EXPECT_NE(SessionOf(reply), "") << "what is not found was looked for in a session";
}

TEST_F(SandboxProxyTest, AUserHasFiveSessions) {
  Start();
  std::string last;
  for (int i = 0; i < 5; ++i) last = LogOn();
  ExpectRefused(About("tok.en"), 403, "too many sessions active in parallel");
  EXPECT_EQ(Counts().refused_logons, 1u);
  EXPECT_EQ(Send(Create(last)).status, 201);
  EXPECT_NE(LogOn("other"), "") << "each user has his own five";
  offset_ += 60 * 30;
  EXPECT_NE(LogOn(), "");
  EXPECT_EQ(Counts().sessions, 1u);
}

TEST_F(SandboxProxyTest, SessionsEndWhenTheyAreIdleAndOnDemand) {
  Start([](SandboxQlikProxy& proxy) { proxy.inactivity = minutes(10); });
  const std::string session = LogOn();
  for (int i = 0; i < 3; ++i) {
    offset_ += 9 * 60;
    EXPECT_EQ(Send(Create(session)).status, 201) << "use keeps it alive";
  }
  EXPECT_EQ(Counts().sessions, 1u);
  offset_ += 10 * 60;
  EXPECT_EQ(Counts().sessions, 0u);
  ExpectRefused(Create(session), 302, "of no session that is alive");
  const std::string second = LogOn();
  EXPECT_EQ(Send(ControlRequest("POST", "expire")).status, 200);
  ExpectRefused(Create(second), 302, "of no session that is alive");
  // A GET that has both gets a new one.
  RawRequest about = About("tok.en");
  about.Set("Cookie", std::string(kCookie) + '=' + second);
  EXPECT_NE(SessionOf(Send(about)), "");
}

TEST_F(SandboxProxyTest, NamesAreOptions) {
  Start([](SandboxQlikProxy& proxy) {
    proxy.prefix = "";
    proxy.sessions_per_user_max = 1;
  });
  RawRequest about = About("tok.en");
  about.target = about.target.substr(3);
  const RawReply reply = Send(about);
  EXPECT_THAT(HeaderValues(reply, "Set-Cookie"), ElementsAre(testing::StartsWith("X-Qlik-Session=")));
  EXPECT_EQ(Send(about).status, 403);
  EXPECT_THAT(sandbox_->QlikProxyEndpoint(), MatchesRegex("http://127.0.0.1:[0-9]+"));
  Start([](SandboxQlikProxy& proxy) { proxy.session_cookie = "Mine"; });
  EXPECT_THAT(HeaderValues(Send(About("tok.en")), "Set-Cookie"), ElementsAre(testing::StartsWith("Mine=")));
}

TEST_F(SandboxProxyTest, FaultsBeginNoSessionUnlessTheyCreate) {
  Start();
  ASSERT_TRUE(sandbox_->AddFault(kQlik, {.kind = SandboxFaultKind::kStatus, .status = 503}));
  EXPECT_EQ(Send(About("tok.en")).status, 503);
  EXPECT_EQ(Counts().sessions, 0u);
  ASSERT_TRUE(sandbox_->AddFault(kQlik, {.kind = SandboxFaultKind::kReset}));
  Send(About("tok.en"));
  EXPECT_EQ(Counts().sessions, 1u);
}

TEST(SandboxQlikHeaderTest, TheSecurityContextHasTwoForms) {
  Sandbox sandbox(SandboxOptions{});
  ASSERT_EQ(sandbox.Start(), std::nullopt);
  const auto status_of = [&sandbox](const char* value) {
    RawRequest request = QlikCreate();
    request.Set("X-Qlik-Security", value);
    return ExchangeOnce(sandbox.qlik_port(), request).status;
  };
  EXPECT_EQ(status_of("Context=ManagementAccess"), 201);
  EXPECT_EQ(status_of("Context=AppAccess"), 201);
  EXPECT_EQ(status_of("ManagementAccess"), 403);
  EXPECT_EQ(status_of("Context=ManagementAccess; OS=Windows"), 403);
  EXPECT_EQ(status_of("context=appaccess"), 403);
}

}  // namespace
}  // namespace session_gateway
