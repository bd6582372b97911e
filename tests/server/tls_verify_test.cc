// Whom the engine talks to over TLS, and how it tells that the peer does not take its own certificate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "server/upstream/tls_alert.h"
#include "tests/server/tls_fixture.h"

namespace session_gateway {
namespace {

using std::chrono::hours;
using testing::HasSubstr;

constexpr std::size_t kRequestBytes = 64 * 1024;

class TlsVerifyTest : public TlsEngineTest, public testing::WithParamInterface<int> {
 protected:
  // What a call ends with at a server of that certificate.
  SendResult CallOf(const pki::Certificate& certificate, std::string host = "127.0.0.1") {
    const TlsServer tls({.certificate = certificate, .version = GetParam()});
    RawServer server(AfterHandshake(tls, AlwaysOver(kOk)));
    ConnectTls(server, std::move(host));
    SendResult result = Send(Post());
    engine_.reset();
    return result;
  }

  void ExpectWrong(const pki::Certificate& certificate, std::string_view words,
                   std::string host = "127.0.0.1") {
    const SendResult result = CallOf(certificate, std::move(host));
    ExpectFailure(result, FailureKind::kTls, Phase::kHandshake, false);
    EXPECT_THAT(std::get<SendFailure>(result).detail, HasSubstr(std::string(words)));
  }

  // What a call ends with at a server that demands a certificate. `hold`: under TLS 1.3
  // its alert leaves only when the request is there.
  SendResult CallDemanding(TlsServerOptions options, bool hold = false) {
    options.certificate = authority_.Issue(pki::LoopbackServer());
    options.version = GetParam();
    options.client_ca = authority_.root_pem();
    const TlsServer tls(options);
    RawServer server([&](RawConnection& raw) {
      TlsPeer peer(raw, tls);
      if (hold && GetParam() == TLS1_3_VERSION) {
        peer.before_alert = [&] {
          while (peer.fed() + raw.buffered() < kRequestBytes && raw.ReadMore()) {
          }
        };
      }
      if (peer.Handshake()) AlwaysOver(kOk)(peer, raw);
      // What is unread when the script returns makes a reset of the end.
    });
    ConnectTls(server);
    SendResult result = Send(Post(std::string(kRequestBytes, 'b')));
    EXPECT_EQ(engine_->idle_connections(), std::holds_alternative<HttpReply>(result) ? 1u : 0u);
    engine_.reset();
    return result;
  }

  void ExpectAlert(const SendResult& result, std::string_view alert) {
    // Under TLS 1.3 our side of the handshake is over before the peer has seen the certificate.
    const bool late = GetParam() == TLS1_3_VERSION;
    const auto* failure = std::get_if<SendFailure>(&result);
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->kind, FailureKind::kTlsAlert) << failure->detail;
    EXPECT_THAT(failure->detail, HasSubstr(std::string(alert)));
    if (late) {
      EXPECT_NE(PhaseName(failure->phase), PhaseName(Phase::kReceive));
    } else {
      EXPECT_EQ(PhaseName(failure->phase), PhaseName(Phase::kHandshake));
      EXPECT_FALSE(failure->sent);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Versions, TlsVerifyTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& param) { return param.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

TEST_P(TlsVerifyTest, TakesGoodCertificates) {
  ExpectReply(CallOf(authority_.Issue(pki::LoopbackServer())), 200, "{}");
  ExpectReply(CallOf(authority_.Issue(pki::LoopbackServer()), "localhost"), 200, "{}");
  const auto middle = authority_.Subordinate({.common_name = "Middle"});
  ExpectReply(CallOf(middle.Issue(pki::LoopbackServer())), 200, "{}");
  auto rsa = pki::LoopbackServer();
  rsa.key = pki::KeyType::kRsa2048;
  ExpectReply(CallOf(authority_.Issue(rsa)), 200, "{}");
  auto unstated = pki::LoopbackServer();
  unstated.purpose = pki::Purpose::kUnstated;
  ExpectReply(CallOf(authority_.Issue(unstated)), 200, "{}");
}

TEST_P(TlsVerifyTest, RefusesExpired) {
  auto options = pki::LoopbackServer();
  options.not_before = hours(-2);
  options.not_after = hours(-1);
  ExpectWrong(authority_.Issue(options), "certificate has expired");
}

TEST_P(TlsVerifyTest, RefusesNotYetValid) {
  auto options = pki::LoopbackServer();
  options.not_before = hours(1);
  options.not_after = hours(2);
  ExpectWrong(authority_.Issue(options), "certificate is not yet valid");
}

TEST_P(TlsVerifyTest, RefusesAnotherAuthority) {
  const pki::CertificateAuthority other;
  ExpectWrong(other.Issue(pki::LoopbackServer()), "unable to get local issuer certificate");
  SetMaterial({});  // the system's authorities do not know it either
  ExpectWrong(authority_.Issue(pki::LoopbackServer()), "unable to get local issuer certificate");
}

TEST_P(TlsVerifyTest, RefusesAMissingLink) {
  auto certificate = authority_.Subordinate({.common_name = "Middle"}).Issue(pki::LoopbackServer());
  certificate.chain_pem.clear();
  ExpectWrong(certificate, "unable to get local issuer certificate");
}

TEST_P(TlsVerifyTest, RefusesAnotherPurpose) {
  for (const auto purpose : {pki::Purpose::kClient, pki::Purpose::kOther}) {
    auto options = pki::LoopbackServer();
    options.purpose = purpose;
    ExpectWrong(authority_.Issue(options), "certificate purpose");
  }
}

TEST_P(TlsVerifyTest, RefusesAnotherName) {
  auto options = pki::LoopbackServer();
  options.dns_names = {"other.example"};
  options.ip_addresses = {"127.0.0.2"};
  ExpectWrong(authority_.Issue(options), "not for the name 127.0.0.1");
  ExpectWrong(authority_.Issue(options), "not for the name localhost", "localhost");
  // A name that looks like the address is none.
  options.dns_names = {"127.0.0.1"};
  ExpectWrong(authority_.Issue(options), "not for the name 127.0.0.1");
}

TEST_P(TlsVerifyTest, TheServerNameOfTheSettingsIsWhatCounts) {
  auto options = pki::LoopbackServer();
  options.common_name = "qlik";
  options.dns_names = {"qlik.example"};
  options.ip_addresses = {};
  SetClient("qlik.example");
  ExpectReply(CallOf(authority_.Issue(options)), 200, "{}");
  SetClient("qlik.example.");
  ExpectReply(CallOf(authority_.Issue(options)), 200, "{}");
  SetClient("symphony.example");
  ExpectWrong(authority_.Issue(options), "not for the name symphony.example");
  SetClient("qlik.example");
  ExpectWrong(authority_.Issue(pki::LoopbackServer()), "not for the name qlik.example");
}

TEST_P(TlsVerifyTest, WildcardsStandForAWholeLabel) {
  auto options = pki::LoopbackServer();
  options.ip_addresses = {};
  options.dns_names = {"*.example.com"};
  SetClient("qlik.example.com");
  ExpectReply(CallOf(authority_.Issue(options)), 200, "{}");
  options.dns_names = {"q*.example.com"};
  ExpectWrong(authority_.Issue(options), "not for the name qlik.example.com");
}

TEST_P(TlsVerifyTest, ShowsItsCertificateWhereItIsDemanded) {
  SetMaterial(With(authority_.Subordinate({.common_name = "Middle"}).Issue(pki::Client("gateway"))));
  ExpectReply(CallDemanding({}), 200, "{}");
  TlsMaterial pfx = Trusting();
  pfx.pfx = Secret(pki::MakePkcs12(authority_.Subordinate({.common_name = "M"}).Issue(pki::Client("gateway")),
                                   "pass", pki::Pkcs12Kind::kLegacy));
  pfx.password = Secret("pass\n");
  SetMaterial(pfx);
  ExpectReply(CallDemanding({}), 200, "{}");
}

TEST_P(TlsVerifyTest, TellsAMissingClientCertificate) {
  for (int i = 0; i < 10; ++i) {
    const SendResult result = CallDemanding({}, i % 2 == 1);
    if (GetParam() == TLS1_3_VERSION) {
      ExpectAlert(result, "certificate_required (116)");
    } else {
      // TLS 1.2 has no word of its own for it; the settings say the rest.
      ExpectFailure(result, FailureKind::kUnreachable, Phase::kHandshake, false);
      EXPECT_THAT(std::get<SendFailure>(result).detail, HasSubstr("handshake_failure (40)"));
      EXPECT_THAT(std::get<SendFailure>(result).detail, HasSubstr("none is configured"));
    }
  }
}

TEST_P(TlsVerifyTest, TellsARefusedClientCertificate) {
  SetMaterial(With(pki::CertificateAuthority().Issue(pki::Client("gateway"))));
  for (int i = 0; i < 10; ++i) ExpectAlert(CallDemanding({}, i % 2 == 1), "unknown_ca (48)");

  SetMaterial(With(authority_.Issue(pki::Client("gateway"))));
  struct Case {
    int error;
    std::string alert;
  };
  for (const Case& c : {Case{X509_V_ERR_CERT_REJECTED, "bad_certificate (42)"},
                        Case{X509_V_ERR_INVALID_PURPOSE, "unsupported_certificate (43)"},
                        Case{X509_V_ERR_CERT_REVOKED, "certificate_revoked (44)"},
                        Case{X509_V_ERR_CERT_HAS_EXPIRED, "certificate_expired (45)"},
                        Case{X509_V_ERR_PERMITTED_VIOLATION, "certificate_unknown (46)"}}) {
    SCOPED_TRACE(c.alert);
    for (int i = 0; i < 4; ++i) ExpectAlert(CallDemanding({.refuse_with = c.error}, i % 2 == 1), c.alert);
  }
}

// A request of many records: the alert comes while it is being written, and the peer resets.
TEST_P(TlsVerifyTest, TellsARefusalWhileTheRequestIsWritten) {
  const TlsServer tls({.certificate = authority_.Issue(pki::LoopbackServer()),
                       .version = GetParam(),
                       .client_ca = authority_.root_pem()});
  SetMaterial(With(pki::CertificateAuthority().Issue(pki::Client("gateway"))));
  for (int i = 0; i < 10; ++i) {
    RawServer server([&](RawConnection& raw) {
      TlsPeer peer(raw, tls);
      peer.Handshake();
      raw.WaitUntilDelivered();
    });
    ConnectTls(server);
    ExpectAlert(Send(Post(std::string(8 * 1024 * 1024, 'b'))), "unknown_ca (48)");
    engine_.reset();
  }
}

// An alert in the place of the answer to the greeting; others count as a lost connection.
TEST_F(TlsEngineTest, TellsAlertsOfTheHandshakeByName) {
  for (int number = 0; number < 256; ++number) {
    if (number == 0 || number == 90 || number == 41 || number == 100) continue;  // goodbyes and warnings
    RawServer server([&](RawConnection& raw) {
      raw.ReadMore();
      raw.Send(std::string("\x15\x03\x03\x00\x02\x02", 6) + static_cast<char>(number));
      raw.WaitForEnd();
    });
    ConnectTls(server);
    const SendResult result = Send(Post());
    ExpectFailure(result, IsCertificateRefusal(number) ? FailureKind::kTlsAlert : FailureKind::kUnreachable,
                  Phase::kHandshake, false);
    EXPECT_THAT(std::get<SendFailure>(result).detail, HasSubstr(TlsAlertText(number)));
    engine_.reset();
  }
}

TEST(TlsAlert, NamesAndRefusals) {
  EXPECT_EQ(TlsAlertText(42), "bad_certificate (42)");
  EXPECT_EQ(TlsAlertText(49), "access_denied (49)");
  EXPECT_EQ(TlsAlertText(116), "certificate_required (116)");
  EXPECT_EQ(TlsAlertText(250), "unknown (250)");
  std::vector<int> refusals;
  for (int i = 0; i < 256; ++i) {
    if (IsCertificateRefusal(i)) refusals.push_back(i);
  }
  EXPECT_THAT(refusals, testing::ElementsAre(42, 43, 44, 45, 46, 48, 49, 116));
}

TEST_F(TlsEngineTest, TellsPeersThatDoNotSpeakTls) {
  for (const std::string& words : {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string("garbage"),
                                   std::string(), std::string(70000, '\0')}) {
    SCOPED_TRACE(words.substr(0, 20));
    RawServer server([&](RawConnection& raw) {
      raw.ReadMore();
      raw.Send(words);
    });
    ConnectTls(server);
    ExpectFailure(Send(Post()), FailureKind::kUnreachable, Phase::kHandshake, false);
    EXPECT_EQ(engine_->open_connections(), 0u);
    engine_.reset();
  }
}

TEST_F(TlsEngineTest, TellsVersionsThatAreNotAllowed) {
  const TlsServer tls(Good(TLS1_2_VERSION));
  RawServer server(AfterHandshake(tls, AlwaysOver(kOk)));
  SetClient("", TlsVersion::k13);
  ConnectTls(server);
  const SendResult result = Send(Post());
  ExpectFailure(result, FailureKind::kUnreachable, Phase::kHandshake, false);
  EXPECT_THAT(std::get<SendFailure>(result).detail, HasSubstr("protocol"));
}

}  // namespace
}  // namespace session_gateway
