// Qlik's three ways: the certificate's user, and the sessions of a virtual proxy.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "server/upstream/qlik_authentication.h"
#include "tests/server/logon_fixture.h"

namespace session_gateway {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

constexpr char kAbout[] = "/qrs/about";
constexpr char kCreate[] = "/qrs/executionsession";
constexpr char kToken[] = "CANARY.jwt.signature";
constexpr SandboxUpstream kQlik = SandboxUpstream::kQlik;

class QlikLogonTest : public LogonTest {
 protected:
  QlikLogonTest() {
    environment_["TOKEN"] = kToken;
    SandboxOptions options;
    options.qlik_proxy.emplace().tokens = {{kToken, "INTERNAL\\sa_api"}};
    options.qlik_proxy->user_header = "X-Gateway-User";
    StartSandbox(options);
  }

  static QlikAuthConfig Mode(QlikAuthMode mode) {
    QlikAuthConfig config;
    config.mode = mode;
    config.user_directory = "INTERNAL";
    config.user_id = "sa_api";
    config.token_env = "TOKEN";
    config.header_name = "X-Gateway-User";
    return config;
  }

  void MakeQlik(const QlikAuthConfig& config) {
    MakeStack(MakeQlikAuthentication(config, Parts()),
              {config.mode == QlikAuthMode::kCertificate ? sandbox_->Endpoint(kQlik)
                                                         : sandbox_->QlikProxyEndpoint()});
  }

  static HttpRequest CreateRow() {
    HttpRequest request = CreateSession();
    request.path = kCreate;
    request.query = {{"privileges", "true"}};
    return request;
  }

  static Caller Named(const std::string& name) {
    Caller caller;
    caller.identity = name;
    return caller;
  }

  std::string ToldOf(const Caller& caller = {}) {
    static const auto translator = CreateExecutionSessionTranslator::Make(DeclaredOptions);
    JsonReader reader;
    sessiongateway::v1::CreateExecutionSessionResponse response;
    SendResult result = Create(CreateRow(), caller);
    const auto error =
        std::get<CreateExecutionSessionTranslator>(translator).Response(result, reader, response);
    if (!error) return "OK done";
    return absl::StatusCodeToString(error->code) + " " + std::string(ReasonName(error->reason)) + " " +
           std::string(OutcomeName(error->outcome)) + " " + std::string(PhaseName(error->phase));
  }

  std::string Checked(const Caller& caller) {
    const auto error = stack_->authentication().Check(caller);
    if (!error) return "OK";
    EXPECT_EQ(error->reason, Reason::kInvalidField);
    EXPECT_EQ(error->outcome, Outcome::kNotSent);
    return absl::StatusCodeToString(error->code);
  }

  static std::string XrfkeyOf(const SandboxRequest& request) {
    const std::string key = HeaderOf(request, "x-qlik-xrfkey");
    EXPECT_EQ(key.size(), 16u);
    EXPECT_THAT(request.target, HasSubstr("?xrfkey=" + key));
    return key;
  }
};

TEST_F(QlikLogonTest, ATokenLogsOnOnceAndItsSessionIsUsedAgain) {
  MakeQlik(Mode(QlikAuthMode::kJwt));
  EXPECT_EQ(ToldOf(), "OK done");
  EXPECT_EQ(ToldOf(), "OK done");
  EXPECT_EQ(Counters(kQlik).logons, 1u);
  EXPECT_EQ(Counters(kQlik).sessions, 1u);
  EXPECT_EQ(Counters(kQlik).refused, 0u);

  const auto logons = Requests(kAbout, kQlik);
  ASSERT_EQ(logons.size(), 1u);
  EXPECT_EQ(logons[0].method, "GET");
  EXPECT_EQ(logons[0].body, "");
  EXPECT_EQ(HeaderOf(logons[0], "authorization"), std::string("Bearer ") + kToken);
  const auto creates = Requests(kCreate, kQlik);
  ASSERT_EQ(creates.size(), 2u);
  for (const SandboxRequest& create : creates) {
    EXPECT_THAT(HeaderOf(create, "cookie"), HasSubstr("X-Qlik-Session-gateway="));
    EXPECT_EQ(HeaderOf(create, "authorization"), std::string("Bearer ") + kToken);
    EXPECT_EQ(HeaderOf(create, "x-qlik-user"), "(none)");
    EXPECT_EQ(HeaderOf(create, "x-qlik-security"), "(none)");
    EXPECT_THAT(create.target, HasSubstr("&privileges=true"));
  }
  EXPECT_NE(XrfkeyOf(creates[0]), XrfkeyOf(creates[1]));
  EXPECT_NE(XrfkeyOf(logons[0]), XrfkeyOf(creates[0]));
}

TEST_F(QlikLogonTest, AHeaderNamesTheConfiguredUser) {
  QlikAuthConfig config = Mode(QlikAuthMode::kHeader);
  config.security_context = QlikSecurityContext::kManagementAccess;
  MakeQlik(config);
  EXPECT_EQ(ToldOf(), "OK done");
  const SandboxRequest create = Requests(kCreate, kQlik).at(0);
  EXPECT_EQ(HeaderOf(create, "x-gateway-user"), "INTERNAL\\sa_api");
  EXPECT_EQ(HeaderOf(create, "x-qlik-security"), "Context=ManagementAccess");
  EXPECT_EQ(HeaderOf(create, "authorization"), "(none)");
  CloseStack();
  config.user_directory.clear();
  config.user_id = "INTERNAL\\other";
  config.security_context = QlikSecurityContext::kAppAccess;
  MakeQlik(config);
  EXPECT_EQ(ToldOf(), "OK done");
  EXPECT_EQ(HeaderOf(Requests(kCreate, kQlik).at(1), "x-gateway-user"), "INTERNAL\\other");
  EXPECT_EQ(HeaderOf(Requests(kCreate, kQlik).at(1), "x-qlik-security"), "Context=AppAccess");
}

TEST_F(QlikLogonTest, EachCallerOfACertificateHasASessionOfItsOwn) {
  QlikAuthConfig config = Mode(QlikAuthMode::kHeader);
  config.user_from = QlikUserFrom::kClientCertificate;
  MakeQlik(config);
  EXPECT_EQ(ToldOf(Named("ann")), "OK done");
  EXPECT_EQ(ToldOf(Named("bob")), "OK done");
  EXPECT_EQ(ToldOf(Named("ann")), "OK done");
  EXPECT_EQ(Counters(kQlik).logons, 2u);
  const auto creates = Requests(kCreate, kQlik);
  EXPECT_EQ(HeaderOf(creates[1], "x-gateway-user"), "INTERNAL\\bob");
  EXPECT_EQ(HeaderOf(creates[0], "cookie"), HeaderOf(creates[2], "cookie"));
  EXPECT_NE(HeaderOf(creates[0], "cookie"), HeaderOf(creates[1], "cookie"));

  EXPECT_EQ(Checked(Named("ann")), "OK");
  EXPECT_EQ(Checked({}), "UNAUTHENTICATED");
  EXPECT_EQ(Checked(Named("\xc3\xa4nn")), "UNAUTHENTICATED");
  EXPECT_EQ(Checked(Named("OTHER\\admin")), "UNAUTHENTICATED");
}

TEST_F(QlikLogonTest, ACertificatesUserIsPercentEncoded) {
  QlikAuthConfig config = Mode(QlikAuthMode::kCertificate);
  config.security_context = QlikSecurityContext::kAppAccess;
  MakeQlik(config);
  EXPECT_EQ(ToldOf(Named("ann")), "OK done");
  CloseStack();
  config.user_from = QlikUserFrom::kClientCertificate;
  config.user_id.clear();
  MakeQlik(config);
  EXPECT_EQ(ToldOf(Named("spiffe://x/\xc3\xa4;b")), "OK done");
  const auto creates = Requests(kCreate, kQlik);
  EXPECT_EQ(HeaderOf(creates.at(0), "x-qlik-user"), "UserDirectory=INTERNAL;UserId=sa_api");
  EXPECT_EQ(HeaderOf(creates.at(0), "x-qlik-security"), "Context=AppAccess");
  EXPECT_EQ(HeaderOf(creates.at(1), "x-qlik-user"),
            "UserDirectory=INTERNAL;UserId=spiffe%3A%2F%2Fx%2F%C3%A4%3Bb");
  EXPECT_EQ(Checked({}), "UNAUTHENTICATED");
  EXPECT_EQ(Counters(kQlik).logons, 0u);
}

TEST_F(QlikLogonTest, ASessionThatIsOverIsReplacedWithinTheCall) {
  MakeQlik(Mode(QlikAuthMode::kJwt));
  EXPECT_EQ(ToldOf(), "OK done");
  // However long it is: a proxy says no lifetime.
  clock_.ahead += hours(100);
  EXPECT_EQ(ToldOf(), "OK done");
  EXPECT_EQ(Counters(kQlik).logons, 1u);
  sandbox_->ExpireLogons(kQlik);
  EXPECT_EQ(ToldOf(), "OK done");
  EXPECT_EQ(Counters(kQlik).logons, 2u);
  EXPECT_EQ(Counters(kQlik).creates, 3u);
  // A young one is not replaced: the redirect to the log-on page is the answer.
  sandbox_->ExpireLogons(kQlik);
  EXPECT_EQ(ToldOf(), "INTERNAL LOGON_REFUSED refused receive");
  EXPECT_EQ(Counters(kQlik).logons, 2u);
  clock_.ahead += seconds(5);
  EXPECT_EQ(ToldOf(), "OK done");
}

TEST_F(QlikLogonTest, ARefusedTokenIsTriedOnceAndAnotherAtOnce) {
  const std::string path = ::testing::TempDir() + "/logon_token";
  const auto write = [&path](const std::string& text) { std::ofstream(path) << text; };
  QlikAuthConfig config = Mode(QlikAuthMode::kJwt);
  config.token_env.clear();
  config.token_file = path;
  write("wrong.token\n");
  MakeQlik(config);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ToldOf(), "INTERNAL LOGON_REFUSED not_sent logon");
  EXPECT_EQ(Counters(kQlik).refused_logons, 1u);
  write(std::string(kToken) + "\n");
  files_.CheckNow();
  EXPECT_EQ(ToldOf(), "OK done");
  write("two tokens\n");
  files_.CheckNow();
  EXPECT_EQ(ToldOf(), "OK done");
  std::remove(path.c_str());
}

TEST_F(QlikLogonTest, ANewSessionOfAnyAnswerReplacesTheOld) {
  MakeQlik(Mode(QlikAuthMode::kJwt));
  EXPECT_EQ(ToldOf(), "OK done");
  const auto answer_with = [this](const std::string& cookie) {
    ASSERT_TRUE(
        sandbox_->AddFault(kQlik, {.method = "POST", .status = 400, .headers = {{"Set-Cookie", cookie}}}));
    ToldOf();
  };
  answer_with("Other=1");
  EXPECT_EQ(ToldOf(), "OK done");
  answer_with("X-Qlik-Session-gateway=next; Path=/");
  ToldOf();
  EXPECT_EQ(HeaderOf(Requests(kCreate, kQlik).back(), "cookie"), "X-Qlik-Session-gateway=next");
  EXPECT_EQ(Counters(kQlik).logons, 1u);
  clock_.ahead += seconds(5);
  EXPECT_EQ(ToldOf(), "OK done");
  EXPECT_EQ(Counters(kQlik).logons, 2u);
  // One that is taken away is logged on for anew.
  answer_with("X-Qlik-Session-gateway=; Max-Age=0");
  EXPECT_EQ(ToldOf(), "OK done");
  EXPECT_EQ(Counters(kQlik).logons, 3u);
}

TEST_F(QlikLogonTest, TheSessionThatAnAnswerSetsAndTheOneBeforeAreKnownToTheScrubber) {
  MakeQlik(Mode(QlikAuthMode::kJwt));
  EXPECT_EQ(ToldOf(), "OK done");
  const std::string old = HeaderOf(Requests(kCreate, kQlik).back(), "cookie");
  const std::string before = old.substr(old.find('=') + 1);
  ASSERT_TRUE(sandbox_->AddFault(
      kQlik,
      {.method = "POST", .status = 400, .headers = {{"Set-Cookie", "X-Qlik-Session-gateway=CANARY-next"}}}));
  EXPECT_THAT(std::get<HttpReply>(Create(CreateRow())).secrets, Contains("CANARY-next"));
  ASSERT_TRUE(sandbox_->AddFault(kQlik, {.method = "POST", .status = 400}));
  EXPECT_THAT(std::get<HttpReply>(Create(CreateRow())).secrets,
              IsSupersetOf({before, std::string("CANARY-next")}));
}

// A preview is made on the loop of its call, and the token is replaced on that of the log-ons.
TEST_F(QlikLogonTest, ThePreviewOfOneLoopMeetsTheTokenOfAnother) {
  constexpr int kTokens = 20'000;
  const auto token = std::make_shared<GatewaySecret>();
  const QlikJwt authentication(Mode(QlikAuthMode::kJwt),
                               {loop_.get_executor(), clock_, LogonKey(random_), {}, std::nullopt}, random_,
                               token);
  token->Replace(Secret(std::string(100, 'a')));
  std::atomic<bool> is_over = false;
  std::atomic<int> previews = 0;
  std::thread other_loop([&] {
    for (; !is_over; ++previews) {
      HttpRequest request;
      authentication.Preview({}, request);
      const auto shown =
          std::find_if(request.headers.begin(), request.headers.end(),
                       [](const HttpHeader& header) { return header.name == "authorization"; });
      ASSERT_NE(shown, request.headers.end());
      constexpr std::string_view kScheme = "Bearer ";
      const std::string value = shown->value.substr(kScheme.size());
      ASSERT_EQ(value, std::string(value.size(), value.front()));
    }
  });
  EXPECT_TRUE(RunUntil([&] { return previews > 0; }));
  for (int i = 0; i < kTokens; ++i) {
    token->Replace(Secret(std::string(100 + static_cast<std::size_t>(i % 7) * 100, i % 2 == 0 ? 'b' : 'c')));
  }
  is_over = true;
  other_loop.join();
}

TEST_F(QlikLogonTest, TheCookieIsTheFirstWhoseNameBeginsSo) {
  QlikJwt authentication(Mode(QlikAuthMode::kJwt),
                         {loop_.get_executor(), clock_, LogonKey(random_), {}, std::nullopt}, random_,
                         std::make_shared<GatewaySecret>());
  const auto read = [&](const std::vector<std::string>& cookies) {
    HttpReply reply;
    for (const std::string& cookie : cookies) reply.headers.push_back({"set-cookie", cookie});
    const auto state = authentication.ReadState(reply);
    const auto* made = std::get_if<LogonState>(&state);
    return made == nullptr ? "(none)" : CookieHeader(made->cookies);
  };
  EXPECT_EQ(read({"a=1", "X-Qlik-Session-HTTP=2", "X-Qlik-Session=3"}), "X-Qlik-Session-HTTP=2");
  EXPECT_EQ(read({"X-Qlik-Session=; Max-Age=0", "X-Qlik-Session-HTTP=2"}), "X-Qlik-Session-HTTP=2");
  EXPECT_EQ(read({"My-X-Qlik-Session=1"}), "(none)");
  EXPECT_EQ(read({}), "(none)");
}

TEST_F(QlikLogonTest, APreviewShowsStarsAndSendsNothing) {
  const auto shown = [this](const Caller& caller) {
    const auto preview = stack_->Preview(CreateRow(), caller);
    EXPECT_THAT(preview.DebugString(), Not(HasSubstr("CANARY")));
    std::string text = preview.url().substr(preview.url().find('?'));
    for (const auto& name : {"authorization", "cookie", "x-qlik-security", "x-qlik-user", "x-qlik-xrfkey"}) {
      if (preview.headers().count(name) > 0)
        text += std::string(" ") + name + "=" + preview.headers().at(name);
    }
    return text;
  };
  MakeQlik(Mode(QlikAuthMode::kJwt));
  EXPECT_EQ(shown({}), "?xrfkey=***&privileges=true authorization=*** cookie=*** x-qlik-xrfkey=***");
  CloseStack();
  MakeQlik(Mode(QlikAuthMode::kHeader));
  EXPECT_EQ(shown({}), "?xrfkey=***&privileges=true cookie=*** x-qlik-xrfkey=***");
  CloseStack();
  QlikAuthConfig config = Mode(QlikAuthMode::kCertificate);
  config.user_from = QlikUserFrom::kClientCertificate;
  config.security_context = QlikSecurityContext::kAppAccess;
  MakeQlik(config);
  EXPECT_EQ(shown(Named("ann")),
            "?xrfkey=***&privileges=true x-qlik-security=Context=AppAccess "
            "x-qlik-user=UserDirectory=INTERNAL;UserId=ann x-qlik-xrfkey=***");
  EXPECT_EQ(Counters(kQlik).requests, 0u);
}

TEST_F(QlikLogonTest, NamesThatNoHeaderCarriesAreRefusedAtTheStart) {
  QlikAuthConfig config = Mode(QlikAuthMode::kHeader);
  config.user_id = "\xc3\xa4";
  EXPECT_TRUE(std::holds_alternative<std::string>(MakeQlikAuthentication(config, Parts())));
  config.user_id = "a";
  EXPECT_FALSE(std::holds_alternative<std::string>(MakeQlikAuthentication(config, Parts())));
}

}  // namespace
}  // namespace session_gateway
