// Resumption, and the replacement of certificates in use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "server/upstream/tls_files.h"
#include "tests/pki/temporary_directory.h"
#include "tests/server/tls_fixture.h"

namespace session_gateway {
namespace {

class TlsSessionTest : public TlsEngineTest, public testing::WithParamInterface<int> {
 protected:
  // Answers once for each connection and notes whether it was resumed.
  TlsScript Noting() {
    return [this](TlsPeer& peer, RawConnection&) {
      peer.ReadRequest();
      {
        const std::lock_guard lock(mutex_);
        resumed_.push_back(peer.resumed());
      }
      peer.Send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
      peer.ReadRequest();
    };
  }
  std::vector<bool> resumed() {
    const std::lock_guard lock(mutex_);
    return resumed_;
  }

  std::mutex mutex_;
  std::vector<bool> resumed_;
};

INSTANTIATE_TEST_SUITE_P(Versions, TlsSessionTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& param) { return param.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

TEST_P(TlsSessionTest, NewConnectionsResume) {
  TlsServerOptions options = Good(GetParam());
  options.client_ca = authority_.root_pem();
  const TlsServer tls(options);
  RawServer server(AfterHandshake(tls, Noting()));
  SetMaterial(With(authority_.Issue(pki::Client("gateway"))));
  ConnectTls(server);
  for (int i = 0; i < 5; ++i) ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(resumed(), (std::vector<bool>{false, true, true, true, true}));
  // Another endpoint, or another engine, has sessions of its own.
  ConnectTls(server, "localhost");
  ExpectReply(Send(Post()), 200, "{}");
  EXPECT_FALSE(resumed().back());
}

// Two connections at once: a session of TLS 1.2 serves both, a ticket of TLS 1.3 only one.
TEST_P(TlsSessionTest, UsesATicketOnce) {
  TlsServerOptions options = Good(GetParam());
  options.tickets = 1;
  const TlsServer tls(options);
  Signal go_on;
  std::atomic<int> asked = 0;
  RawServer server([&](RawConnection& raw) {
    TlsPeer peer(raw, tls);
    if (raw.index() > 0) SSL_set_num_tickets(peer.ssl(), 0);
    if (!peer.Handshake()) return;
    peer.ReadRequest();
    {
      const std::lock_guard lock(mutex_);
      resumed_.push_back(peer.resumed());
    }
    if (++asked > 1) go_on.Wait();
    peer.Send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
    peer.ReadRequest();
  });
  ConnectTls(server);
  ExpectReply(Send(Post()), 200, "{}");
  const auto first = Start(Post());
  const auto second = Start(Post());
  EXPECT_TRUE(RunUntil([&] { return asked == 3; }));
  go_on.Set();
  ExpectReply(Finish(*first), 200, "{}");
  ExpectReply(Finish(*second), 200, "{}");
  const std::vector<bool> seen = resumed();
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), GetParam() == TLS1_3_VERSION ? 1 : 2);
}

TEST_P(TlsSessionTest, AReplacementEndsConnectionsAndSessions) {
  const TlsServer tls(Good(GetParam()));
  RawServer server([&](RawConnection& raw) {
    TlsPeer peer(raw, tls);
    if (!peer.Handshake()) return;
    {
      const std::lock_guard lock(mutex_);
      resumed_.push_back(peer.resumed());
    }
    AlwaysOver(kOk)(peer, raw);
  });
  ConnectTls(server);
  for (int i = 0; i < 3; ++i) ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(server.accepted(), 1);
  SetMaterial(Trusting());
  for (int i = 0; i < 3; ++i) ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(server.accepted(), 2);
  EXPECT_EQ(resumed(), (std::vector<bool>{false, false}));
}

// A server that has forgotten its keys takes the whole handshake instead.
TEST_P(TlsSessionTest, AForgottenSessionDoesNoHarm) {
  const TlsServer first(Good(GetParam()));
  const TlsServer second(Good(GetParam()));
  RawServer server(
      [&](RawConnection& raw) { AfterHandshake(raw.index() % 2 == 0 ? first : second, Noting())(raw); });
  ConnectTls(server);
  for (int i = 0; i < 4; ++i) ExpectReply(Send(Post()), 200, "{}");
}

TEST_P(TlsSessionTest, AnExpiredCertificateDoesNotLiveOnInSessions) {
  auto options = pki::LoopbackServer();
  options.not_after = std::chrono::seconds(2);
  const TlsServer tls({.certificate = authority_.Issue(options), .version = GetParam()});
  RawServer server(AfterHandshake(tls, Noting()));
  ConnectTls(server);
  ExpectReply(Send(Post()), 200, "{}");
  const auto expired = std::chrono::system_clock::now() + std::chrono::seconds(3);
  ASSERT_TRUE(RunUntil([&] { return std::chrono::system_clock::now() > expired; }));
  ExpectFailure(Send(Post()), FailureKind::kTls, Phase::kHandshake, false);
}

// The serial of the certificate that the gateway shows.
std::string SerialOfClient(const TlsPeer& peer) {
  X509* const certificate = SSL_get0_peer_certificate(peer.ssl());
  return certificate == nullptr ? "none" : FactsOf(certificate).serial;
}

TEST_P(TlsSessionTest, ReplacedFilesAreSeenByTheNextConnection) {
  TlsServerOptions options = Good(GetParam());
  options.client_ca = authority_.root_pem();
  const TlsServer tls(options);
  std::string serial;
  RawServer server(AfterHandshake(tls, [&](TlsPeer& peer, RawConnection& raw) {
    {
      const std::lock_guard lock(mutex_);
      serial = SerialOfClient(peer);
    }
    AlwaysOver(kOk)(peer, raw);
  }));
  const auto shown = [&] {
    ExpectReply(Send(Post()), 200, "{}");
    const std::lock_guard lock(mutex_);
    return serial;
  };
  const pki::TemporaryDirectory directory;
  const pki::Certificate first = authority_.Issue(pki::Client("gateway"));
  const auto paths = pki::WriteCertificate(directory, "gateway", first);
  std::vector<std::optional<std::string>> reports;
  CredentialFiles files(loop_, clock_, std::chrono::seconds(5),
                        [&](std::string_view, const auto& problem) { reports.push_back(problem); });
  TlsClientConfig config;
  config.ca_file = paths.root;
  config.cert_file = paths.certificate;
  config.key_file = paths.key;
  const auto no_variable = [](const std::string&) { return std::optional<Secret>(); };
  ASSERT_EQ(FollowTlsFiles("qlik.tls", config, no_variable, files, *client_), std::nullopt);
  ConnectTls(server);
  EXPECT_EQ(shown(), first.serial);

  const pki::Certificate second = authority_.Issue(pki::Client("gateway"));
  pki::WriteFile(paths.certificate, second.FullChainPem());
  files.CheckNow();  // half of the replacement
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_THAT(reports.back().value_or(""), testing::HasSubstr("does not belong"));
  EXPECT_EQ(shown(), first.serial);
  EXPECT_EQ(server.accepted(), 1);
  pki::WriteFile(paths.key, second.key_pem);
  files.CheckNow();
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports.back(), std::nullopt);
  EXPECT_EQ(shown(), second.serial);
  EXPECT_EQ(server.accepted(), 2);
  pki::WriteFile(paths.certificate, "broken");
  files.CheckNow();
  EXPECT_EQ(shown(), second.serial);
  files.Stop();
}

TEST_F(TlsEngineTest, TellsWhatIsWrongWithTheSettings) {
  CredentialFiles files(loop_, clock_, std::chrono::seconds(5), [](auto&&...) {});
  TlsClientConfig config;
  config.password_env = "PFX_PASSWORD";
  const auto no_variable = [](const std::string&) { return std::optional<Secret>(); };
  EXPECT_THAT(FollowTlsFiles("qlik.tls", config, no_variable, files, *client_).value_or(""),
              testing::StartsWith("qlik.tls.password_env: "));
  config.password_env.clear();
  config.ca_file = "/nowhere/ca.pem";
  EXPECT_THAT(FollowTlsFiles("qlik.tls", config, no_variable, files, *client_).value_or(""),
              testing::StartsWith("qlik.tls: /nowhere/ca.pem "));
  const pki::TemporaryDirectory directory;
  config.ca_file = directory.Write("empty.pem", "");
  EXPECT_THAT(FollowTlsFiles("qlik.tls", config, no_variable, files, *client_).value_or(""),
              testing::StartsWith("qlik.tls: ca_file holds no certificate"));
}

}  // namespace
}  // namespace session_gateway
