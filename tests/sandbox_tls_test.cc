// The sandbox behind TLS: what it shows, what it asks for, what it says of a handshake that fails, and that a
// session is resumed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/pki/temporary_directory.h"
#include "tests/sandbox/sandbox.h"
#include "tests/sandbox_test_client.h"
#include "tests/sandbox_tls_client.h"

namespace session_gateway {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

class SandboxTlsTest : public testing::Test {
 protected:
  void Start(SandboxTls tls = {}) {
    SandboxOptions options;
    options.tls = std::move(tls);
    options.qlik_proxy = SandboxQlikProxy{};
    sandbox_ = std::make_unique<Sandbox>(std::move(options));
    ASSERT_EQ(sandbox_->Start(), std::nullopt);
  }
  TlsClientOptions Anonymous() const { return {.ca_pem = sandbox_->tls_material().ca_pem}; }
  TlsClientOptions Known() const {
    TlsClientOptions options = Anonymous();
    options.certificate_pem = sandbox_->tls_material().client_pem;
    options.key_pem = sandbox_->tls_material().client_key_pem;
    return options;
  }
  // What a client that shows this comes to on the repository's port.
  std::string ProblemOf(const TlsClientOptions& options) {
    TlsClient client(sandbox_->qlik_port(), options);
    const RawReply reply = client.Exchange(QlikGet("/qrs/about"));
    return reply.status == 200 ? "" : client.problem();
  }
  TlsClientOptions With(const pki::Certificate& certificate) {
    TlsClientOptions options = Anonymous();
    options.certificate_pem = certificate.certificate_pem;
    options.key_pem = certificate.key_pem;
    return options;
  }

  // A client can know of its alert before the server has noted it.
  std::vector<std::string> Problems(SandboxUpstream upstream, std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (sandbox_->tls_problems(upstream).size() < count && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    return sandbox_->tls_problems(upstream);
  }

  std::unique_ptr<Sandbox> sandbox_;
};

TEST_F(SandboxTlsTest, EndpointsSayHttps) {
  Start();
  EXPECT_EQ(sandbox_->Endpoint(kSymphony), "https://127.0.0.1:" + std::to_string(sandbox_->symphony_port()));
  EXPECT_THAT(sandbox_->QlikProxyEndpoint(), StartsWith("https://127.0.0.1:"));
}

TEST_F(SandboxTlsTest, ServesAsWithoutTls) {
  Start();
  TlsClient symphony(sandbox_->symphony_port(), Anonymous());
  ASSERT_EQ(symphony.problem(), "");
  EXPECT_EQ(symphony.version(), "TLSv1.3");
  EXPECT_EQ(symphony.Exchange(SymphonyCreate()).status, 200);
  EXPECT_EQ(symphony.Exchange(SymphonyCreate("[]")).status, 400);
  TlsClient qlik(sandbox_->qlik_port(), Known());
  EXPECT_EQ(qlik.Exchange(QlikCreate()).status, 201);
  EXPECT_EQ(qlik.Exchange(QlikCreate(std::string(300'000, ' ') + "{}")).status, 201);
  EXPECT_EQ(sandbox_->counters(kSymphony).tls_handshakes, 1u);
  EXPECT_EQ(sandbox_->counters(kQlik).creates, 2u);
}

TEST_F(SandboxTlsTest, FaultsWorkBehindTls) {
  Start();
  ASSERT_TRUE(sandbox_->AddFault(kSymphony, {.kind = SandboxFaultKind::kCut, .after_bytes = 5}));
  ASSERT_TRUE(sandbox_->AddFault(kSymphony, {.kind = SandboxFaultKind::kReset}));
  TlsClient cut(sandbox_->symphony_port(), Anonymous());
  const RawReply reply = cut.Exchange(SymphonyCreate());
  EXPECT_EQ(reply.bytes, "HTTP/");
  EXPECT_EQ(reply.seen, Seen::kEnd);
  TlsClient reset(sandbox_->symphony_port(), Anonymous());
  EXPECT_EQ(reset.Exchange(SymphonyCreate()).seen, Seen::kReset);
}

TEST_F(SandboxTlsTest, TheRepositoryWantsAClientCertificate) {
  for (const SandboxTlsVersion version : {SandboxTlsVersion::k12, SandboxTlsVersion::k13}) {
    Start({.min_version = version, .max_version = version});
    EXPECT_EQ(ProblemOf(Known()), "");
    // OpenSSL 3.0 names the alert of TLS 1.2 and that of TLS 1.3 differently.
    EXPECT_THAT(ProblemOf(Anonymous()), testing::AnyOf(HasSubstr("alert certificate required"),
                                                       HasSubstr("alert handshake failure")));
    EXPECT_THAT(Problems(kQlik, 1), ElementsAre(HasSubstr("peer did not return a certificate")));
    EXPECT_EQ(sandbox_->counters(kQlik).tls_failed, 1u);
    EXPECT_EQ(sandbox_->counters(kQlik).requests, 1u);
  }
}

TEST_F(SandboxTlsTest, WrongClientCertificatesAreRefusedByName) {
  const pki::CertificateAuthority authority;
  Start({.authority = authority});
  EXPECT_EQ(ProblemOf(With(authority.Issue(pki::Client("good")))), "");
  pki::CertificateOptions expired = pki::Client("old");
  expired.not_before = hours(-2);
  expired.not_after = hours(-1);
  EXPECT_THAT(ProblemOf(With(authority.Issue(expired))), HasSubstr("alert certificate expired"));
  ASSERT_THAT(Problems(kQlik, 1), SizeIs(1));
  EXPECT_THAT(ProblemOf(With(pki::CertificateAuthority().Issue(pki::Client("stranger")))),
              HasSubstr("alert unknown ca"));
  ASSERT_THAT(Problems(kQlik, 2), SizeIs(2));
  pki::CertificateOptions wrong = pki::Client("server");
  wrong.purpose = pki::Purpose::kServer;
  EXPECT_THAT(ProblemOf(With(authority.Issue(wrong))), HasSubstr("alert"));
  EXPECT_THAT(Problems(kQlik, 3),
              ElementsAre(HasSubstr("certificate has expired"), HasSubstr("unable to get local issuer"),
                          HasSubstr("unsuitable certificate purpose")));
}

TEST_F(SandboxTlsTest, WhoAsksForClientsIsAnOption) {
  Start({.symphony_wants_client = true, .qlik_wants_client = false});
  EXPECT_EQ(ProblemOf(Anonymous()), "");
  TlsClient nobody(sandbox_->symphony_port(), Anonymous());
  EXPECT_EQ(nobody.Exchange(SymphonyCreate()).status, 0);
  TlsClient somebody(sandbox_->symphony_port(), Known());
  EXPECT_EQ(somebody.Exchange(SymphonyCreate()).status, 200);
}

TEST_F(SandboxTlsTest, ClientsMayHaveAnAuthorityOfTheirOwn) {
  const pki::CertificateAuthority clients;
  Start({.client_ca_pem = clients.root_pem()});
  EXPECT_EQ(ProblemOf(With(clients.Issue(pki::Client("one")))), "");
  EXPECT_THAT(ProblemOf(Known()), HasSubstr("alert unknown ca"));
}

TEST_F(SandboxTlsTest, NamesAndVersionsAreOptions) {
  Start({.dns_names = {"sense"},
         .ip_addresses = {},
         .max_version = SandboxTlsVersion::k12,
         .qlik_wants_client = false});
  EXPECT_THAT(ProblemOf(Anonymous()), HasSubstr("hostname mismatch"));
  TlsClientOptions options = Anonymous();
  options.name = "sense";
  EXPECT_EQ(ProblemOf(options), "");
  EXPECT_EQ(TlsClient(sandbox_->qlik_port(), options).version(), "TLSv1.2");
  options.min_version = TLS1_3_VERSION;
  EXPECT_THAT(ProblemOf(options), HasSubstr("alert protocol version"));
  EXPECT_THAT(Problems(kQlik, 2), testing::Contains(HasSubstr("unsupported protocol")));
}

TEST_F(SandboxTlsTest, AnOldServerKnowsNoVersionThatIsGood) {
  Start({.min_version = SandboxTlsVersion::k11, .max_version = SandboxTlsVersion::k11});
  EXPECT_THAT(ProblemOf(Anonymous()), HasSubstr("alert protocol version"));
}

TEST_F(SandboxTlsTest, PlantedCertificatesAreShown) {
  const pki::CertificateAuthority authority;
  const pki::CertificateAuthority stranger;
  pki::CertificateOptions expired = pki::LoopbackServer();
  expired.not_before = hours(-2);
  expired.not_after = hours(-1);
  pki::CertificateOptions purpose = pki::LoopbackServer();
  purpose.purpose = pki::Purpose::kClient;
  const std::pair<pki::Certificate, const char*> planted[] = {
      {authority.Issue(expired), "certificate has expired"},
      {stranger.Issue(pki::LoopbackServer()), "unable to get local issuer"},
      {authority.Issue(purpose), "unsuitable certificate purpose"},
  };
  for (const auto& [certificate, words] : planted) {
    Start({.authority = authority,
           .symphony_identity = SandboxTlsIdentity{certificate.certificate_pem, certificate.key_pem}});
    EXPECT_THAT(TlsClient(sandbox_->symphony_port(), Anonymous()).problem(), HasSubstr(words));
    EXPECT_EQ(TlsClient(sandbox_->qlik_port(), Known()).problem(), "") << "only one server has it";
  }
}

TEST_F(SandboxTlsTest, AChainIsSentWhole) {
  const pki::CertificateAuthority root;
  const pki::Certificate server = root.Subordinate({.common_name = "Middle"}).Issue(pki::LoopbackServer());
  Start({.authority = root, .symphony_identity = SandboxTlsIdentity{server.FullChainPem(), server.key_pem}});
  EXPECT_EQ(TlsClient(sandbox_->symphony_port(), Anonymous()).problem(), "");
}

TEST_F(SandboxTlsTest, IdentitiesAreReplacedWhileItRuns) {
  const pki::CertificateAuthority authority;
  Start({.authority = authority});
  TlsClient old(sandbox_->symphony_port(), Anonymous());
  const pki::Certificate fresh = authority.Issue(pki::LoopbackServer());
  EXPECT_EQ(sandbox_->ReplaceTlsIdentity(kSymphony, {fresh.certificate_pem, fresh.key_pem}), std::nullopt);
  EXPECT_EQ(old.Exchange(SymphonyCreate()).status, 200) << "what is open goes on";
  EXPECT_EQ(TlsClient(sandbox_->symphony_port(), Anonymous()).peer_pem(), fresh.certificate_pem);
  const pki::Certificate other = authority.Issue(pki::LoopbackServer());
  EXPECT_NE(sandbox_->ReplaceTlsIdentity(kSymphony, {other.certificate_pem, fresh.key_pem}), std::nullopt);
  EXPECT_NE(sandbox_->ReplaceTlsIdentity(kSymphony, {"", ""}), std::nullopt);
  EXPECT_EQ(TlsClient(sandbox_->symphony_port(), Anonymous()).peer_pem(), fresh.certificate_pem);
  EXPECT_EQ(sandbox_->ReplaceProxyTlsIdentity({other.certificate_pem, other.key_pem}), std::nullopt);
  EXPECT_EQ(TlsClient(sandbox_->qlik_proxy_port(), Anonymous()).peer_pem(), other.certificate_pem);
  // By the control plane too.
  const nlohmann::json body = {{"certificate", other.certificate_pem}, {"key", other.key_pem}};
  EXPECT_EQ(old.Exchange(ControlRequest("POST", "tls", body.dump())).status, 200);
  EXPECT_EQ(old.Exchange(ControlRequest("POST", "tls", "{}")).status, 400);
  EXPECT_EQ(TlsClient(sandbox_->symphony_port(), Anonymous()).peer_pem(), other.certificate_pem);
}

TEST_F(SandboxTlsTest, SessionsAreResumedAndCounted) {
  for (const SandboxTlsVersion version : {SandboxTlsVersion::k12, SandboxTlsVersion::k13}) {
    Start({.min_version = version, .max_version = version});
    TlsSession session;
    {
      TlsClient first(sandbox_->qlik_port(), Known());
      EXPECT_EQ(first.Exchange(QlikGet("/qrs/about")).status, 200);
      session = first.TakeSession();
    }
    TlsClient second(sandbox_->qlik_port(), Known(), session.get());
    EXPECT_TRUE(second.resumed());
    const RawReply counts = second.Exchange(ControlRequest("GET", "tls"));
    EXPECT_EQ(counts.body, R"({"handshakes":2,"resumed":1,"failed":0,"problems":[]})");
    second.Exchange(ControlRequest("POST", "reset"));
    EXPECT_EQ(sandbox_->counters(kQlik).tls_resumed, 0u);
  }
}

TEST_F(SandboxTlsTest, ResumptionCanBeOff) {
  Start({.resumption = false});
  TlsClient first(sandbox_->symphony_port(), Anonymous());
  first.Exchange(SymphonyCreate());
  const TlsSession session = first.TakeSession();
  TlsClient second(sandbox_->symphony_port(), Anonymous(), session.get());
  EXPECT_EQ(second.Exchange(SymphonyCreate()).status, 200);
  EXPECT_EQ(sandbox_->counters(kSymphony).tls_handshakes, 2u);
  EXPECT_EQ(sandbox_->counters(kSymphony).tls_resumed, 0u);
}

TEST_F(SandboxTlsTest, WritesWhatAClientNeeds) {
  const pki::TemporaryDirectory directory;
  Start({.directory = (directory.path() / "new").string(), .pfx_password = "pass"});
  const SandboxTlsMaterial material = sandbox_->tls_material();
  const std::pair<const char*, std::string> files[] = {{"ca.pem", material.ca_pem},
                                                       {"client.pem", material.client_pem},
                                                       {"client_key.pem", material.client_key_pem},
                                                       {"client.pfx", material.client_pfx}};
  for (const auto& [name, bytes] : files) {
    std::ifstream file(directory.path() / "new" / name, std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), bytes) << name;
    EXPECT_FALSE(bytes.empty()) << name;
  }
}

TEST_F(SandboxTlsTest, WhatCannotBeUsedIsSaidAtStart) {
  const SandboxTls wrong[] = {
      {.symphony_identity = SandboxTlsIdentity{"no pem", "no pem"}},
      {.client_ca_pem = "no pem"},
      {.ip_addresses = {"no address"}},
      {.directory = "/proc/nothing"},
  };
  for (const SandboxTls& tls : wrong) {
    SandboxOptions options;
    options.tls = tls;
    Sandbox sandbox(options);
    EXPECT_THAT(sandbox.Start().value_or(""), StartsWith("TLS: "));
  }
}

TEST_F(SandboxTlsTest, CookiesAreSecure) {
  SandboxOptions options;
  options.tls = SandboxTls{};
  options.symphony_logon = SandboxSymphonyLogon{.users = {{"ego", "s:ecret"}}};
  options.qlik_proxy = SandboxQlikProxy{.prefix = "vp", .tokens = {{"token", "DIR\\ann"}}};
  sandbox_ = std::make_unique<Sandbox>(options);
  ASSERT_EQ(sandbox_->Start(), std::nullopt);
  RawRequest login = SymphonyCreate("");
  login.method = "GET";
  login.add_length = false;
  login.target = "/platform/rest/symrest/v1/auth/login";
  login.Set("Authorization", "Basic ZWdvOnM6ZWNyZXQ=");
  RawRequest about = QlikGet("/vp/qrs/about");
  about.Drop("X-Qlik-User");
  about.Set("Authorization", "Bearer token");
  const auto cookies =
      HeaderValues(TlsClient(sandbox_->symphony_port(), Anonymous()).Exchange(login), "Set-Cookie");
  EXPECT_THAT(cookies, ElementsAre(HasSubstr("; Secure"), HasSubstr("; Secure")));
  // The proxy asks for no client certificate, though the repository does.
  EXPECT_THAT(HeaderValues(TlsClient(sandbox_->qlik_proxy_port(), Anonymous()).Exchange(about), "Set-Cookie"),
              ElementsAre(HasSubstr("; Secure")));
}

TEST_F(SandboxTlsTest, PlainBytesAreRefused) {
  Start();
  RawClient plain(sandbox_->symphony_port());
  EXPECT_EQ(plain.Exchange(SymphonyCreate()).status, 0);
  EXPECT_THAT(Problems(kSymphony, 1), ElementsAre(HasSubstr("http request")));
}

TEST_F(SandboxTlsTest, StopEndsHandshakesThatHang) {
  Start();
  RawClient silent(sandbox_->symphony_port());
  // The next one is served, so the silent one before it is with the server too.
  ASSERT_EQ(TlsClient(sandbox_->symphony_port(), Anonymous()).problem(), "");
  const auto begin = std::chrono::steady_clock::now();
  sandbox_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

}  // namespace
}  // namespace session_gateway
