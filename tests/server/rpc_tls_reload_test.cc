// The listener's certificate is replaced while callers come and go: no call is lost, and new connections meet
// the new one.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>

#include "server/credential_files.h"
#include "server/rpc/listener_tls.h"
#include "tests/pki/temporary_directory.h"
#include "tests/server/rpc_harness.h"
#include "tests/server/tls_probe.h"

namespace session_gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A server whose files are watched as main.cc has it, but looked at when the test says so.
class ReloadingServer {
 public:
  explicit ReloadingServer(bool mutual)
      : first_(authority_.Issue(pki::LoopbackServer())),
        files_(pki::WriteCertificate(directory_, "server", first_)),
        client_ca_(directory_.Write("client_ca.pem", authority_.root_pem())),
        tls_(std::make_shared<ListenerTls>(
            ListenerTls::Files{files_.certificate, files_.key, mutual ? client_ca_ : std::string()})),
        server_(Echo, Options()),
        watcher_(server_.loop(), clock_, std::chrono::hours(1),
                 [this](std::string_view, const auto& problem) {
                   const std::lock_guard lock(mutex_);
                   reports_.push_back(problem.value_or("in force"));
                 }) {
    EXPECT_EQ(watcher_.Add("listen.tls", tls_->Paths(),
                           [this](const auto& contents) { return tls_->Replace(contents); }),
              std::nullopt);
  }
  ~ReloadingServer() {
    OnLoop([this] { watcher_.Stop(); });
    server_.Drain();
  }

  void CheckNow() {
    OnLoop([this] { watcher_.CheckNow(); });
  }
  std::vector<std::string> TakeReports() {
    const std::lock_guard lock(mutex_);
    return std::exchange(reports_, {});
  }
  std::string SerialSeen(const pki::Certificate* client = nullptr) const {
    return ProbeTls(server_.port(), {.certificate = client}).serial;
  }
  std::shared_ptr<grpc::Channel> Connect() const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = authority_.root_pem();
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_.port()),
                                     grpc::SslCredentials(options), arguments);
  }

  const pki::CertificateAuthority& authority() const { return authority_; }
  const pki::Certificate& first() const { return first_; }
  const pki::TemporaryDirectory& directory() const { return directory_; }
  const pki::CertificateFiles& files() const { return files_; }
  int port() const { return server_.port(); }

 private:
  GrpcServerOptions Options() {
    EXPECT_EQ(
        tls_->Replace({Secret(first_.FullChainPem()), Secret(first_.key_pem), Secret(authority_.root_pem())}),
        std::nullopt);
    GrpcServerOptions options = TestServer::Options();
    options.tls = tls_;
    return options;
  }

  template <typename Action>
  void OnLoop(Action action) {
    std::promise<void> ran;
    boost::asio::post(server_.loop(), [&] {
      action();
      ran.set_value();
    });
    ran.get_future().wait();
  }

  const pki::TemporaryDirectory directory_;
  const pki::CertificateAuthority authority_;
  const pki::Certificate first_;
  const pki::CertificateFiles files_;
  const std::string client_ca_;
  const std::shared_ptr<ListenerTls> tls_;
  const SystemClock clock_;
  std::mutex mutex_;
  std::vector<std::string> reports_;  // guarded by mutex_
  TestServer server_;
  CredentialFiles watcher_;
};

TEST(RpcTlsReload, ABrokenReplacementLeavesTheOldInForceAndIsReported) {
  ReloadingServer server(false);
  const auto second = server.authority().Issue(pki::LoopbackServer());
  server.directory().Write("server.pem", second.FullChainPem());
  server.CheckNow();
  EXPECT_THAT(server.TakeReports(),
              ElementsAre(server.files().key + " holds a key that does not fit the certificate"));
  EXPECT_EQ(server.SerialSeen(), server.first().serial);
  server.directory().Write("server.pem", "no certificate");
  server.CheckNow();
  EXPECT_THAT(server.TakeReports(),
              ElementsAre(server.files().certificate + " holds no certificate in PEM form"));
  EXPECT_EQ(server.SerialSeen(), server.first().serial);
  pki::WriteCertificate(server.directory(), "server", second);
  server.CheckNow();
  EXPECT_THAT(server.TakeReports(), ElementsAre("in force"));
  EXPECT_EQ(server.SerialSeen(), second.serial);
}

TEST(RpcTlsReload, AnotherClientCaHoldsForTheNextConnection) {
  ReloadingServer server(true);
  const pki::CertificateAuthority next({.common_name = "Next authority"});
  const auto old_client = server.authority().Issue(pki::Client("old"));
  const auto new_client = next.Issue(pki::Client("new"));
  EXPECT_TRUE(ProbeTls(server.port(), {.certificate = &old_client}).accepted);
  EXPECT_FALSE(ProbeTls(server.port(), {.certificate = &new_client}).accepted);
  server.directory().Write("client_ca.pem", next.root_pem());
  server.CheckNow();
  EXPECT_THAT(server.TakeReports(), ElementsAre("in force"));
  EXPECT_FALSE(ProbeTls(server.port(), {.certificate = &old_client}).accepted);
  EXPECT_TRUE(ProbeTls(server.port(), {.certificate = &new_client}).accepted);
}

// Callers of two kinds until all calls are made: some keep their connection, most make a few calls on each.
class Load {
 public:
  Load(const ReloadingServer& server, int calls) : server_(server), left_(calls) {
    for (int i = 0; i < kLong; ++i) threads_.emplace_back([this] { Run(std::numeric_limits<int>::max()); });
    for (int i = 0; i < kShort; ++i) threads_.emplace_back([this] { Run(kCallsOfShort); });
  }
  ~Load() { Join(); }

  void Join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  int done() const { return done_; }
  int connections() const { return connections_; }
  std::string first_error() const {
    const std::lock_guard lock(mutex_);
    return first_error_;
  }

 private:
  static constexpr int kLong = 1;
  static constexpr int kShort = 4;
  static constexpr int kCallsOfShort = 4;

  void Run(int calls_of_connection) {
    while (left_ > 0) {
      const auto channel = server_.Connect();
      ++connections_;
      for (int i = 0; i < calls_of_connection && left_-- > 0; ++i) {
        const Answer answer = CallCreateSession(channel, kPatience);
        ++done_;
        if (answer.status.ok()) continue;
        const std::lock_guard lock(mutex_);
        if (first_error_.empty()) first_error_ = answer.status.error_message() + " ";
      }
    }
  }

  const ReloadingServer& server_;
  std::atomic<int> left_;
  std::atomic<int> done_ = 0;
  std::atomic<int> connections_ = 0;
  mutable std::mutex mutex_;
  std::string first_error_;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

TEST(RpcTlsReload, NoCallIsLostWhileTheCertificateIsReplaced) {
  constexpr int kCalls = 10'000 / kLoadDivisor;
  constexpr int kReplacements = 50 / kLoadDivisor;
  ReloadingServer server(false);
  Load load(server, kCalls);
  for (int i = 1; i <= kReplacements; ++i) {
    ASSERT_TRUE(WaitUntil([&] { return load.done() >= kCalls / (kReplacements + 1) * i; }));
    const auto next = server.authority().Issue(pki::LoopbackServer());
    server.directory().Write("server.pem", next.FullChainPem());
    server.CheckNow();
    EXPECT_THAT(server.TakeReports(), ElementsAre(HasSubstr("does not fit")));
    server.directory().Write("server_key.pem", next.key_pem);
    server.CheckNow();
    EXPECT_THAT(server.TakeReports(), ElementsAre("in force"));
    EXPECT_EQ(server.SerialSeen(), next.serial);
  }
  load.Join();
  EXPECT_EQ(load.first_error(), "");
  EXPECT_EQ(load.done(), kCalls);
  EXPECT_GT(load.connections(), kCalls / 10);
}

}  // namespace
}  // namespace session_gateway
