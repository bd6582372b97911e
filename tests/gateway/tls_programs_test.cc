// The program with TLS on its listener: files named by its configuration, looked at again on SIGHUP, and
// memory that nobody reads.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/gateway/programs.h"
#include "tests/pki/temporary_directory.h"

namespace session_gateway {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(60);

// The files of a mutual TLS listener, and a client of it.
class TlsFiles {
 public:
  TlsFiles() { Replace(authority_.Issue(pki::LoopbackServer())); }

  void Replace(const pki::Certificate& certificate) {
    files_ = pki::WriteCertificate(directory_, "server", certificate);
  }
  void WriteKey(const std::string& text) { directory_.Write("server_key.pem", text); }

  std::string Listen() const {
    return "listen:\n  address: 127.0.0.1:0\n  tls:\n    cert_file: " + files_.certificate +
           "\n    key_file: " + files_.key + "\n    client_ca_file: " + files_.root + "\n";
  }
  std::string Config(const SandboxProgram& sandbox) const {
    return Listen() + ConfigFor(sandbox.symphony_endpoint(), sandbox.qlik_endpoint());
  }

  RpcResult Call(const GatewayProgram& gateway) const {
    const grpc::SslCredentialsOptions options{.pem_root_certs = authority_.root_pem(),
                                              .pem_private_key = client_.key_pem,
                                              .pem_cert_chain = client_.certificate_pem};
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto channel =
        grpc::CreateCustomChannel(gateway.address(), grpc::SslCredentials(options), arguments);
    return CallByText(channel, "CreateSession", R"(application_name: "a")", kPatience);
  }

  const pki::CertificateAuthority& authority() const { return authority_; }
  const pki::CertificateFiles& files() const { return files_; }

 private:
  const pki::TemporaryDirectory directory_;
  const pki::CertificateAuthority authority_;
  const pki::Certificate client_ = authority_.Issue(pki::Client("orders"));
  pki::CertificateFiles files_;
};

TEST(GatewayTls, ServesAndLooksAtItsFilesOnSighup) {
  const SandboxProgram sandbox;
  TlsFiles tls;
  const TemporaryFile config(tls.Config(sandbox));
  GatewayProgram gateway({"--config", config.path()});
  const RpcResult first = tls.Call(gateway);
  EXPECT_TRUE(first.ok) << first.text;
  EXPECT_THAT(gateway.process().WaitForLine(R"("msg":"call")"), HasSubstr(R"("caller":"orders")"));

  tls.WriteKey("no key");
  gateway.process().Signal(SIGHUP);
  EXPECT_THAT(gateway.process().WaitForLine("credentials_refused"),
              HasSubstr(R"("set":"listen.tls","problem":")" + tls.files().key + " holds no private key"));
  EXPECT_TRUE(tls.Call(gateway).ok) << "the old key is not in force any more";

  tls.Replace(tls.authority().Issue(pki::LoopbackServer()));
  gateway.process().Signal(SIGHUP);
  EXPECT_THAT(gateway.process().WaitForLine("credentials_reloaded"), HasSubstr(R"("set":"listen.tls")"));
  EXPECT_TRUE(tls.Call(gateway).ok);
  EXPECT_EQ(gateway.Stop(), 0) << gateway.process().log();
}

TEST(GatewayTls, WarnsOfOwnCertificatesOutsideTheirDates) {
  TlsFiles tls;
  auto server = pki::LoopbackServer();
  server.not_before = std::chrono::hours(-2);
  server.not_after = std::chrono::hours(-1);
  tls.Replace(tls.authority().Issue(server));
  auto client = pki::Client("gateway");
  client.not_before = std::chrono::hours(-2);
  client.not_after = std::chrono::hours(-1);
  const pki::TemporaryDirectory directory;
  const auto own = pki::WriteCertificate(directory, "own", tls.authority().Issue(client));
  // Whether anybody answers there does not matter.
  const TemporaryFile config(
      tls.Listen() + "qlik:\n  endpoints: [\"https://127.0.0.1:1\"]\n  tls:\n    cert_file: " +
      own.certificate + "\n    key_file: " + own.key + "\n  auth: {user_directory: d, user_id: u}\n");
  GatewayProgram gateway({"--config", config.path()});
  for (const std::string set : {"listen.tls", "qlik.tls"}) {
    EXPECT_THAT(gateway.process().log(), HasSubstr(R"("msg":"credentials","set":")" + set +
                                                   R"(","warning":"our own certificate has expired)"));
  }
  EXPECT_EQ(gateway.Stop(), 0);
}

TEST(GatewayTls, SighupWithoutCredentialFilesChangesNothing) {
  GatewayProgram gateway({"--sandbox"});
  gateway.process().Signal(SIGHUP);
  EXPECT_THAT(gateway.process().WaitForLine(R"("msg":"signal")"), HasSubstr(R"("number":1)"));
  EXPECT_TRUE(gateway.Call("CreateSession", R"(application_name: "a")").ok);
  EXPECT_EQ(gateway.Stop(), 0);
}

TEST(GatewayTls, DoesNotStartWithABrokenKey) {
  const SandboxProgram sandbox;
  TlsFiles tls;
  tls.WriteKey("no key");
  const TemporaryFile config(tls.Config(sandbox));
  ChildProcess gateway("session-gateway", {"--config", config.path()});
  EXPECT_EQ(gateway.WaitForEnd(), 2);
  EXPECT_THAT(gateway.log(), HasSubstr("listen.tls: " + tls.files().key + " holds no private key"));
}

// Gives up, for this thread and what it starts, the right to trace every process, which root may have.
void GiveUpTracing() {
  ::prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE, 0, 0, 0);
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> sets{};
  ASSERT_EQ(::syscall(SYS_capget, &header, sets.data()), 0);
  sets[0].effective &= ~(1u << CAP_SYS_PTRACE);
  sets[0].permitted &= ~(1u << CAP_SYS_PTRACE);
  ASSERT_EQ(::syscall(SYS_capset, &header, sets.data()), 0);
}

// The system's rule of who may attach to a process and read its memory stands before this link too.
bool MayAttach(pid_t pid) {
  std::array<char, 4096> path{};
  return ::readlink(("/proc/" + std::to_string(pid) + "/exe").c_str(), path.data(), path.size()) > 0;
}

TEST(GatewayMemory, IsReadByNoOtherProcessAndWrittenToNoFile) {
  std::thread([] {
    GiveUpTracing();
    GatewayProgram gateway({"--sandbox"});
    ChildProcess other("session-gateway-sandbox", {});
    ASSERT_NE(other.WaitForLine("symphony"), "") << other.log();
    EXPECT_TRUE(MayAttach(other.pid())) << "the check says nothing here";
    EXPECT_FALSE(MayAttach(gateway.process().pid()));
    std::ifstream limits("/proc/" + std::to_string(gateway.process().pid()) + "/limits");
    const std::string text{std::istreambuf_iterator<char>(limits), std::istreambuf_iterator<char>()};
    EXPECT_THAT(text, ContainsRegex("Max core file size +0 +0 "));
  }).join();
}

}  // namespace
}  // namespace session_gateway
