// TLS and mutual TLS between the client program and a server with certificates made here.
#include <gmock/gmock.h>
#include <grpcpp/security/server_credentials.h>
#include <gtest/gtest.h>

#include "tests/client/client_run.h"
#include "tests/client/recording_gateway.h"
#include "tests/pki/temporary_directory.h"

namespace session_gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::shared_ptr<grpc::ServerCredentials> Tls(const pki::Certificate& server, const std::string& client_root) {
  grpc::SslServerCredentialsOptions options(client_root.empty()
                                                ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_key_cert_pairs.push_back({server.key_pem, server.FullChainPem()});
  options.pem_root_certs = client_root;
  return grpc::SslServerCredentials(options);
}

// By address: the resolver that names go through keeps some memory, which a leak check would report.
ClientRun Create(const RecordingGateway& gateway, std::vector<std::string> tls) {
  tls.insert(tls.end(), {"create-session", "--application", "a"});
  return RunClient(At(gateway.address(), std::move(tls)));
}

TEST(ClientTls, TrustsTheGivenAuthorityAndChecksTheName) {
  const pki::CertificateAuthority authority;
  const pki::CertificateAuthority other;
  const pki::TemporaryDirectory files;
  const std::string ca = files.Write("ca.pem", authority.root_pem());
  const std::string other_ca = files.Write("other.pem", other.root_pem());
  RecordingGateway gateway(Tls(authority.Issue(pki::LoopbackServer()), ""));

  EXPECT_EQ(Create(gateway, {"--ca-file", ca}).exit_code, 0);
  EXPECT_EQ(Create(gateway, {"--ca-file", ca, "--server-name", "localhost"}).exit_code, 0);
  EXPECT_EQ(gateway.calls(), 2);
  const std::pair<std::vector<std::string>, std::string> wrong[] = {
      {{"--ca-file", other_ca}, "give that one with --ca-file"},
      {{"--tls"}, "give that one with --ca-file"},
      {{"--ca-file", ca, "--server-name", "gateway.example"}, "give that one with --server-name"},
      {{}, "It may want TLS"}};
  for (const auto& [flags, advice] : wrong) {
    const ClientRun run = Create(gateway, flags);
    EXPECT_EQ(run.exit_code, 7) << testing::PrintToString(flags) << run.log;
    EXPECT_THAT(run.log, AllOf(HasSubstr("no gateway was reached"), HasSubstr(advice)));
  }
  EXPECT_EQ(gateway.calls(), 2);
}

TEST(ClientTls, ExpectsAnotherNameWhenItIsTold) {
  const pki::CertificateAuthority authority;
  const pki::TemporaryDirectory files;
  const std::string ca = files.Write("ca.pem", authority.root_pem());
  RecordingGateway gateway(
      Tls(authority.Issue({.common_name = "gateway", .dns_names = {"gateway.example"}}), ""));
  EXPECT_EQ(Create(gateway, {"--ca-file", ca}).exit_code, 7);
  const ClientRun run = Create(gateway, {"--ca-file", ca, "--server-name", "gateway.example"});
  EXPECT_EQ(run.exit_code, 0) << run.log;
}

TEST(ClientTls, ShowsItsOwnCertificate) {
  const pki::CertificateAuthority authority;
  const pki::CertificateAuthority clients;
  const pki::TemporaryDirectory files;
  const std::string ca = files.Write("ca.pem", authority.root_pem());
  const pki::CertificateFiles good =
      pki::WriteCertificate(files, "client", clients.Issue(pki::Client("operator")));
  const pki::CertificateFiles foreign =
      pki::WriteCertificate(files, "foreign", authority.Issue(pki::Client("operator")));
  RecordingGateway gateway(Tls(authority.Issue(pki::LoopbackServer()), clients.root_pem()));

  const ClientRun run =
      Create(gateway, {"--ca-file", ca, "--cert-file", good.certificate, "--key-file", good.key});
  EXPECT_EQ(run.exit_code, 0) << run.log;
  EXPECT_EQ(gateway.calls(), 1);
  // TLS 1.3 refuses a client's certificate when the connection already seems to stand, so that here nothing
  // can be known of a call but that it failed.
  const auto refused = testing::AnyOf(6, 7);
  EXPECT_THAT(Create(gateway, {"--ca-file", ca}).exit_code, refused);
  EXPECT_THAT(
      Create(gateway, {"--ca-file", ca, "--cert-file", foreign.certificate, "--key-file", foreign.key})
          .exit_code,
      refused);
  EXPECT_EQ(gateway.calls(), 1);
}

TEST(ClientTls, IsNotMetByAPlaintextGateway) {
  RecordingGateway gateway(nullptr);
  const ClientRun run = Create(gateway, {"--tls"});
  EXPECT_EQ(run.exit_code, 7);
  EXPECT_THAT(run.log, HasSubstr("It does not speak TLS there"));
  EXPECT_EQ(gateway.calls(), 0);
}

TEST(ClientTls, AFileOfAnotherFormIsNamed) {
  const pki::CertificateAuthority authority;
  const pki::Certificate client = authority.Issue(pki::Client("operator"));
  const pki::TemporaryDirectory files;
  const std::string certificate = files.Write("c.pem", client.certificate_pem);
  const std::string encrypted = files.Write("k.pem", pki::EncryptKey(client.key_pem, "pass"));
  const std::string pfx = files.Write("c.pfx", pki::MakePkcs12(client, "pass", pki::Pkcs12Kind::kModern));
  const std::pair<std::vector<std::string>, std::string> rows[] = {
      {{"--ca-file", pfx}, pfx + " is no PEM file with a CERTIFICATE"},
      {{"--cert-file", certificate, "--key-file", encrypted}, "a key without a passphrase is needed"},
      {{"--cert-file", certificate, "--key-file", certificate}, "is no PEM file with a PRIVATE KEY"},
  };
  for (const auto& [flags, text] : rows) {
    std::vector<std::string> arguments = flags;
    arguments.insert(arguments.end(), {"create-session", "--application", "a"});
    const ClientRun run = RunClient(arguments);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.log, HasSubstr(text));
  }
}

TEST(ClientTls, FilesThatDoNotFitEachOtherAreSaid) {
  const pki::CertificateAuthority authority;
  const pki::TemporaryDirectory files;
  const pki::CertificateFiles one = pki::WriteCertificate(files, "one", authority.Issue(pki::Client("a")));
  const pki::CertificateFiles two = pki::WriteCertificate(files, "two", authority.Issue(pki::Client("a")));
  const std::string broken =
      files.Write("broken.pem", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n");
  RecordingGateway gateway(Tls(authority.Issue(pki::LoopbackServer()), ""));
  const std::vector<std::string> rows[] = {
      {"--ca-file", one.root, "--cert-file", one.certificate, "--key-file", two.key}, {"--ca-file", broken}};
  for (const std::vector<std::string>& flags : rows) {
    const ClientRun run = Create(gateway, flags);
    EXPECT_EQ(run.exit_code, 7);
    EXPECT_THAT(run.log, HasSubstr("The TLS files could not be used"));
  }
  EXPECT_EQ(gateway.calls(), 0);
}

}  // namespace
}  // namespace session_gateway
