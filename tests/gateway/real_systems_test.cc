// The gateway program before both upstreams as they are in earnest: each way to log on, from the file that
// configures it to what the upstream was sent and keeps.
#include "tests/gateway/real_systems.h"

#include <gmock/gmock.h>

#include "absl/strings/escaping.h"
#include "tests/exchange/case_file.h"
#include "tests/sandbox/transcript.h"

namespace session_gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr char kSessions[] = "clientapi/session";
constexpr char kRows[] = "/qrs/executionsession";

// What a case says that must be sent, without the head.
std::string SentBodyOfCase(const std::string& name) {
  const auto parsed =
      ParseCase(ReadWholeFile(std::string(SESSION_GATEWAY_SOURCE_DIR) + "/tests/cases/" + name + ".case"));
  const CaseSection* const sent = std::get<CaseFile>(parsed).Find("sent");
  return sent == nullptr ? "none" : ExpandMarks(SplitText(sent->text).body);
}

std::string BasicOf(const std::string& user_and_password) {
  return "Basic " + absl::Base64Escape(user_and_password);
}

class RealSystemsTest : public RealSystems {
 protected:
  // That both upstreams keep what the case files send, value by value.
  void ExpectBothCreated() {
    const RpcResult session = Call("CreateSession", RequestOfCase("symphony/fixture_whole"));
    ASSERT_TRUE(session.ok) << session.text;
    EXPECT_THAT(session.text, HasSubstr("endpoint: \"" + sandbox_->Endpoint(kSymphony) + "\""));
    ASSERT_EQ(sandbox_->rows(kSymphony).size(), 1u);
    EXPECT_THAT(sandbox_->rows(kSymphony)[0],
                HasSubstr(R"("session":)" + SentBodyOfCase("symphony/fixture_whole")));

    const std::string request = RequestOfCase("qlik/fixture_whole");
    const RpcResult row = Call("CreateExecutionSession", request);
    ASSERT_TRUE(row.ok) << row.text;
    EXPECT_EQ(sandbox::DifferenceFromNewestRow(SentBodyOfCase("qlik/fixture_whole"), sandbox_->rows(kQlik)),
              "");
    std::string problems;
    EXPECT_EQ(row.text, CanonicalResponse("CreateExecutionSession", request, problems));
    EXPECT_EQ(problems, "");
    for (const SandboxUpstream upstream : {kSymphony, kQlik}) {
      EXPECT_EQ(sandbox_->counters(upstream).creates, 1u);
      EXPECT_EQ(sandbox_->counters(upstream).refused, 0u);
    }
  }

  void ExpectNothingWasSent() const {
    for (const SandboxUpstream upstream : {kSymphony, kQlik}) {
      EXPECT_EQ(sandbox_->counters(upstream), SandboxCounters());
    }
  }

  // The headers and the query of the preview, by the text format's lines.
  std::string Preview(const std::string& rpc, const RpcMetadata& metadata = {}) {
    const std::string request =
        rpc == "CreateSession" ? R"(application_name: "a" )" : "execution_session { } ";
    const RpcResult result = Call(rpc, request + "validate_only: true", metadata);
    EXPECT_TRUE(result.ok) << result.text;
    for (const std::string& secret : {std::string(kPassword), std::string(kToken),
                                      absl::Base64Escape(std::string(kUser) + ":" + kPassword)}) {
      EXPECT_THAT(result.text, Not(HasSubstr(secret)));
    }
    return result.text;
  }
  static std::string Header(const std::string& key, const std::string& value) {
    return "key: \"" + key + "\"\n    value: \"" + value + "\"";
  }
};

TEST_F(RealSystemsTest, BothSessionsAreCreatedOverMutualTlsByAServiceAccount) {
  options_.tls->symphony_wants_client = true;
  StartSandbox();
  StartGateway(Symphony(kService, kPem) + Qlik(kCertificate, kPem));
  ExpectBothCreated();
  EXPECT_TRUE(CreateSession().ok);
  EXPECT_EQ(sandbox_->counters(kSymphony).logons, 1u);
  const SandboxRequest create = Requests(kSymphony, kSessions).at(0);
  EXPECT_THAT(create.target, HasSubstr("&csrftoken="));
  EXPECT_THAT(HeaderOf(create, "cookie"),
              AllOf(HasSubstr("platform.rest.token="), HasSubstr("platform.rest.certificate=")));
  EXPECT_EQ(HeaderOf(create, "authorization"), "(none)");
  EXPECT_EQ(HeaderOf(Requests(kQlik, kRows).at(0), "x-qlik-user"), "UserDirectory=INTERNAL;UserId=sa_api");
  EXPECT_EQ(gateway().Stop(), 0) << gateway().process().log();
}

class PfxTest : public RealSystemsTest, public testing::WithParamInterface<pki::Pkcs12Kind> {};

TEST_P(PfxTest, ThePfxOfAnExportTakesThePlaceOfThePemFiles) {
  options_.tls->symphony_wants_client = true;
  options_.tls->pfx_kind = GetParam();
  options_.tls->pfx_password = "exp\xc3\xb6rt 1";
  StartSandbox();
  files_.Write("pfx_password", options_.tls->pfx_password + "\n");
  const std::string tls = "ca_file: ca.pem, pfx_file: client.pfx, password_file: pfx_password";
  StartGateway(Symphony(kService, tls) + Qlik(kCertificate, tls));
  ExpectBothCreated();
  EXPECT_EQ(gateway().Stop(), 0) << gateway().process().log();
}

INSTANTIATE_TEST_SUITE_P(, PfxTest,
                         testing::Values(pki::Pkcs12Kind::kModern, pki::Pkcs12Kind::kTripleDes,
                                         pki::Pkcs12Kind::kLegacy));

TEST_F(RealSystemsTest, ATokenOpensOneProxySessionForManyCalls) {
  StartSandbox();
  StartGateway(QlikProxy("mode: jwt, token_file: token, renew_min_age: 100ms, security_context: AppAccess"));
  const auto channel = Connect();
  const auto create = [&] {
    return Told(
        CallByText(channel, "CreateExecutionSession", "execution_session { }", std::chrono::seconds(60)));
  };
  for (int i = 0; i < 20; ++i) EXPECT_EQ(create(), "OK");
  EXPECT_EQ(sandbox_->counters(kQlik).logons, 1u);
  EXPECT_EQ(sandbox_->counters(kQlik).sessions, 1u);
  EXPECT_EQ(HeaderOf(Requests(kQlik, kRows).at(0), "x-qlik-security"), "Context=AppAccess");

  // A log-on is replaced when it is old enough, which twenty calls may not have taken.
  ASSERT_TRUE(Becomes([&, begin = std::chrono::steady_clock::now()] {
    return std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(150);
  }));
  sandbox_->ExpireLogons(kQlik);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(create(), "OK");
  EXPECT_EQ(sandbox_->counters(kQlik).logons, 2u);
  EXPECT_EQ(sandbox_->counters(kQlik).creates, 40u);
  const auto creates = Requests(kQlik, kRows);
  EXPECT_EQ(std::count_if(creates.begin(), creates.end(), [](const auto& one) { return one.status == 302; }),
            1);
  EXPECT_EQ(gateway().Stop(), 0) << gateway().process().log();
}

TEST_F(RealSystemsTest, AHeaderOpensOneProxySessionForEachCaller) {
  StartSandbox();
  StartGateway(QlikProxy(
      "mode: header, header_name: hdr-usr, user_directory: INTERNAL, user_from: client_certificate"));
  for (const char* caller : {"ann", "bob", "ann", "bob"}) EXPECT_EQ(Told(CreateRow(caller)), "OK");
  EXPECT_EQ(sandbox_->counters(kQlik).logons, 2u);
  const auto creates = Requests(kQlik, kRows);
  ASSERT_EQ(creates.size(), 4u);
  EXPECT_EQ(HeaderOf(creates[0], "hdr-usr"), "INTERNAL\\ann");
  EXPECT_EQ(HeaderOf(creates[1], "hdr-usr"), "INTERNAL\\bob");
  EXPECT_EQ(HeaderOf(creates[0], "cookie"), HeaderOf(creates[2], "cookie"));
  EXPECT_NE(HeaderOf(creates[0], "cookie"), HeaderOf(creates[1], "cookie"));
}

TEST_F(RealSystemsTest, TheUserIsTheNameInTheCallersCertificate) {
  StartSandbox();
  StartGateway(Qlik("user_from: client_certificate, user_directory: EXAMPLE", kPem));
  EXPECT_EQ(Told(CreateRow("ann")), "OK");
  EXPECT_EQ(Told(CreateRow("bob; c")), "OK");
  const auto creates = Requests(kQlik, kRows);
  ASSERT_EQ(creates.size(), 2u);
  EXPECT_EQ(HeaderOf(creates[0], "x-qlik-user"), "UserDirectory=EXAMPLE;UserId=ann");
  EXPECT_EQ(HeaderOf(creates[1], "x-qlik-user"), "UserDirectory=EXAMPLE;UserId=bob%3B%20c");
}

TEST_F(RealSystemsTest, CallersLogOnByTheirMetadata) {
  StartSandbox();
  StartGateway(Symphony("mode: caller_basic", kCa));
  EXPECT_EQ(Told(CreateSession()), "UNAUTHENTICATED INVALID_FIELD not_sent");
  EXPECT_EQ(sandbox_->counters(kSymphony), SandboxCounters());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Told(CreateSession({{"symphony-authorization", BasicOf("ann:secret2")}})), "OK");
    EXPECT_EQ(
        Told(CreateSession({{"symphony-authorization", BasicOf(std::string(kUser) + ":" + kPassword)}})),
        "OK");
  }
  EXPECT_EQ(sandbox_->counters(kSymphony).logons, 2u);
  EXPECT_EQ(Told(CreateSession({{"symphony-authorization", BasicOf("bob:wrong")}})),
            "INTERNAL LOGON_REFUSED not_sent");
}

TEST_F(RealSystemsTest, CallersBringTheirOwnLogon) {
  StartSandbox();
  // A log-on that somebody else made: here a gateway with a service account.
  StartGateway(Symphony(kService, kCa));
  EXPECT_EQ(Told(CreateSession()), "OK");
  const SandboxRequest made = Requests(kSymphony, kSessions).at(0);
  const std::string answer = Requests(kSymphony, "auth/login").at(0).answer;
  const std::string token = nlohmann::json::parse(answer).at("csrftoken").get<std::string>();
  EXPECT_EQ(gateway().Stop(), 0);

  StartGateway(Symphony("mode: caller_session", kCa));
  const std::string request = R"(application_name: "a" csrf_token: ")" + token + "\"";
  const RpcMetadata cookie = {{"symphony-cookie", HeaderOf(made, "cookie")}};
  EXPECT_EQ(Told(Call("CreateSession", request, cookie)), "OK");
  EXPECT_EQ(HeaderOf(Requests(kSymphony, kSessions).at(1), "cookie"), HeaderOf(made, "cookie"));
  EXPECT_EQ(Requests(kSymphony, kSessions).at(1).target, made.target);
  EXPECT_EQ(sandbox_->counters(kSymphony).logons, 1u);
  // It is theirs: the gateway neither renews nor repeats.
  sandbox_->ExpireLogons(kSymphony);
  EXPECT_EQ(Told(Call("CreateSession", request, cookie)), "UNAUTHENTICATED UPSTREAM_REFUSED refused");
  EXPECT_EQ(Requests(kSymphony, kSessions).size(), 3u);
}

TEST_F(RealSystemsTest, ATokenOfTheCallersIsRefusedBesideAServiceAccount) {
  StartSandbox();
  StartGateway(Symphony(kService, kCa));
  const RpcResult refused = Call("CreateSession", R"(application_name: "a" csrf_token: "t")");
  EXPECT_EQ(Told(refused), "INVALID_ARGUMENT INVALID_FIELD not_sent");
  EXPECT_THAT(refused.text, HasSubstr("violation: csrf_token: "));
  ExpectNothingWasSent();
}

TEST_F(RealSystemsTest, APreviewOfEachModeShowsStarsAndSendsNothing) {
  StartSandbox();
  StartGateway(Symphony(kService, kCa) + Qlik(kCertificate, kPem));
  EXPECT_THAT(Preview("CreateSession"),
              AllOf(HasSubstr("csrftoken=***\""), HasSubstr(Header("cookie", "***"))));
  EXPECT_THAT(Preview("CreateExecutionSession"),
              AllOf(HasSubstr("xrfkey=***\""), HasSubstr(Header("x-qlik-xrfkey", "***")),
                    HasSubstr(Header("x-qlik-user", "UserDirectory=INTERNAL;UserId=sa_api"))));

  StartGateway(Symphony("mode: caller_basic", kCa) + QlikProxy("mode: jwt, token_file: token"));
  EXPECT_THAT(
      Preview("CreateSession", {{"symphony-authorization", BasicOf(std::string(kUser) + ":" + kPassword)}}),
      AllOf(HasSubstr("csrftoken=***\""), HasSubstr(Header("cookie", "***")),
            Not(HasSubstr("authorization"))));
  EXPECT_THAT(Preview("CreateExecutionSession"),
              AllOf(HasSubstr(Header("authorization", "***")), HasSubstr(Header("cookie", "***")),
                    HasSubstr(Header("x-qlik-xrfkey", "***")),
                    HasSubstr("/gateway/qrs/executionsession?xrfkey=***\"")));

  StartGateway(Symphony("mode: caller_session", kCa) +
               QlikProxy("mode: header, header_name: hdr-usr, user_id: INTERNAL\\sa_api"));
  EXPECT_THAT(Preview("CreateSession", {{"symphony-cookie", "platform.rest.token=" + std::string(kToken)}}),
              AllOf(HasSubstr(Header("cookie", "***")), Not(HasSubstr("csrftoken"))));
  EXPECT_THAT(
      Preview("CreateExecutionSession"),
      AllOf(HasSubstr(Header("cookie", "***")), Not(HasSubstr("authorization")), Not(HasSubstr("hdr-usr"))));

  StartGateway(Symphony("", kCa));
  EXPECT_THAT(Preview("CreateSession"), AllOf(Not(HasSubstr("cookie")), Not(HasSubstr("csrftoken"))));
  ExpectNothingWasSent();
}

}  // namespace
}  // namespace session_gateway
