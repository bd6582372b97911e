// The sandbox as a program: its flags come to what they say.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/gateway/child_process.h"
#include "tests/pki/temporary_directory.h"
#include "tests/sandbox_tls_client.h"

namespace session_gateway {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

// What it prints when it listens.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments)
      : process_("session-gateway-sandbox", arguments),
        listening_(Json::parse(process_.WaitForLine("symphony"), nullptr, false)) {
    EXPECT_TRUE(listening_.is_object()) << process_.log();
  }
  std::string Endpoint(const char* name) const { return listening_.value(name, ""); }
  int Port(const char* name) const {
    const std::string endpoint = Endpoint(name);
    return std::atoi(endpoint.c_str() + endpoint.rfind(':') + 1);
  }
  std::optional<int> Stop() {
    process_.Signal(SIGTERM);
    return process_.WaitForEnd();
  }

 private:
  ChildProcess process_;
  Json listening_;
};

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

RawRequest LogOn(const std::string& path) {
  return {.method = "POST",
          .target = "/platform/rest/symrest/v1/" + path,
          .headers = {{"Host", "symphony"},
                      {"Accept", "application/json"},
                      {"Authorization", "Basic ZWdvOnM6ZWNyZXQ="}}};  // ego:s:ecret
}

RawRequest About(const std::string& target) {
  RawRequest request = QlikGet(target);
  request.Drop("X-Qlik-User");
  return request;
}

TEST(SandboxProgramTest, WithoutFlagsItIsPlain) {
  Program program({"--date-skew", "-100000000"});
  EXPECT_THAT(program.Endpoint("symphony"), StartsWith("http://127.0.0.1:"));
  EXPECT_EQ(program.Endpoint("qlik_proxy"), "");
  const RawReply reply = ExchangeOnce(program.Port("symphony"), SymphonyCreate());
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(HeaderValues(reply, "Date"), SizeIs(1));
  EXPECT_EQ(program.Stop(), 0);
  Program dateless({"--no-date"});
  EXPECT_THAT(HeaderValues(ExchangeOnce(dateless.Port("qlik"), QlikCreate()), "Date"), SizeIs(0));
}

TEST(SandboxProgramTest, TlsFlags) {
  const pki::TemporaryDirectory directory;
  Program program({"--tls", "--tls-dir", directory.path().string(), "--tls-pfx-password", "pw",
                   "--tls-pfx-kind", "legacy", "--tls-name", "sense", "--tls-name", "127.0.0.1", "--tls-min",
                   "1.2", "--tls-max", "1.2", "--tls-symphony-client", "--tls-no-qlik-client"});
  EXPECT_THAT(program.Endpoint("qlik"), StartsWith("https://"));
  TlsClientOptions options{.ca_pem = ReadFile(directory.path() / "ca.pem"), .name = "sense"};
  TlsClient qlik(program.Port("qlik"), options);
  EXPECT_EQ(qlik.Exchange(QlikCreate()).status, 201) << qlik.problem();
  EXPECT_EQ(qlik.version(), "TLSv1.2");
  EXPECT_NE(TlsClient(program.Port("symphony"), options).problem(), "");
  options.certificate_pem = ReadFile(directory.path() / "client.pem");
  options.key_pem = ReadFile(directory.path() / "client_key.pem");
  EXPECT_EQ(TlsClient(program.Port("symphony"), options).Exchange(SymphonyCreate()).status, 200);
  options.name = "localhost";
  EXPECT_THAT(TlsClient(program.Port("symphony"), options).problem(), HasSubstr("hostname mismatch"));
  EXPECT_FALSE(ReadFile(directory.path() / "client.pfx").empty());
}

TEST(SandboxProgramTest, AGivenCertificateIsShown) {
  const pki::TemporaryDirectory directory;
  const pki::CertificateAuthority authority;
  const pki::CertificateFiles files =
      WriteCertificate(directory, "server", authority.Issue(pki::LoopbackServer()));
  Program program({"--tls", "--tls-cert", files.certificate, "--tls-key", files.key});
  TlsClient client(program.Port("symphony"), {.ca_pem = authority.root_pem()});
  EXPECT_EQ(client.problem(), "");
  EXPECT_EQ(client.peer_pem(), ReadFile(files.certificate));
}

TEST(SandboxProgramTest, LogonFlags) {
  Program program({"--symphony-user", "ego:s:ecret", "--logon-method", "POST", "--logon-path", "auth/on",
                   "--renew-path", "auth/again", "--logon-no-token", "--logon-lifetime", "60",
                   "--logon-wrong-passwords", "1", "--logon-lock-time", "60", "--logon-old-until-new-used"});
  const int port = program.Port("symphony");
  EXPECT_EQ(ExchangeOnce(port, SymphonyCreate()).status, 401);
  const RawReply reply = ExchangeOnce(port, LogOn("auth/on"));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.body, "{}");
  RawRequest renew = LogOn("auth/again");
  renew.method = "GET";
  renew.add_length = false;
  EXPECT_EQ(ExchangeOnce(port, renew).status, 400);
  RawRequest wrong = LogOn("auth/on");
  wrong.Set("Authorization", "Basic ZWdvOndyb25n");
  EXPECT_EQ(ExchangeOnce(port, wrong).status, 401);
  EXPECT_EQ(ExchangeOnce(port, LogOn("auth/on")).status, 403);
  Program keyed({"--symphony-user", "ego:s:ecret", "--logon-method", "POST", "--logon-token-key", "tok"});
  EXPECT_THAT(ExchangeOnce(keyed.Port("symphony"), LogOn("auth/login")).body, StartsWith("{\"tok\":"));
}

TEST(SandboxProgramTest, ProxyFlags) {
  Program program({"--qlik-proxy", "--qlik-proxy-prefix", "vp", "--qlik-proxy-token", "DIR\\ann=to=ken",
                   "--qlik-proxy-user-header", "X-User", "--qlik-proxy-cookie", "Mine",
                   "--qlik-proxy-sessions", "1", "--qlik-proxy-inactivity", "60"});
  const std::string endpoint = program.Endpoint("qlik_proxy");
  EXPECT_THAT(endpoint, testing::EndsWith("/vp"));
  RawRequest about = About("/vp/qrs/about");
  about.Set("Authorization", "Bearer to=ken");
  const RawReply reply = ExchangeOnce(program.Port("qlik_proxy"), about);
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_THAT(HeaderValues(reply, "Set-Cookie"), testing::ElementsAre(StartsWith("Mine=")));
  about.Drop("Authorization");
  about.Set("X-User", "DIR\\ann");
  EXPECT_EQ(ExchangeOnce(program.Port("qlik_proxy"), about).status, 403) << "he has his one session";
}

TEST(SandboxProgramTest, FlagsThatAreWrongAreRefused) {
  const std::vector<std::string> wrong[] = {{"--tls-dir", "x"},
                                            {"--symphony-user", "nobody"},
                                            {"--logon-lifetime", "5"},
                                            {"--qlik-proxy", "--qlik-proxy-token", "x"},
                                            {"--tls", "--tls-max", "1.4"},
                                            {"--tls", "--tls-cert", "/dev/null"}};
  for (const auto& arguments : wrong) {
    ChildProcess process("session-gateway-sandbox", arguments);
    EXPECT_GT(process.WaitForEnd().value_or(0), 0) << arguments.back();
    EXPECT_NE(process.log(), "");
  }
}

}  // namespace
}  // namespace session_gateway
