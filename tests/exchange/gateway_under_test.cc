#include "tests/exchange/gateway_under_test.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <thread>

#include "server/ledger/memory_ledger.h"
#include "server/log.h"
#include "server/once.h"
#include "server/rpc/grpc_server.h"
#include "server/run_on_loop.h"
#include "server/session_service.h"
#include "server/upstream/make_authentication.h"
#include "server/upstream/stack.h"
#include "tests/server/engine_under_test.h"
#include "tests/server/signal.h"

namespace session_gateway {
namespace {

constexpr std::size_t kLogLinesMax = 1024;
constexpr auto kIgnore = [](std::string_view, EndpointEvent) {};

// More than any test has: a bound that is met by chance is met when a machine is slow.
constexpr int kCallsMax = 1000;
constexpr int kConnectionsMax = 1000;

GrpcServerOptions Options(const GatewaySetup& setup) {
  return {.address = "127.0.0.1:0",
          .calls_max = kCallsMax,
          .request_size_max = 64 * 1024 * 1024,  // more than the system's buffers take
          .connections_max = kConnectionsMax,
          .handshake_timeout = std::chrono::seconds(60),
          .connection_age_max = std::chrono::hours(1),
          .call_timeout = std::chrono::seconds(60),
          .call_timeout_max = setup.call_timeout_max,
          .drain_timeout = std::chrono::milliseconds(100)};  // no call is left by then
}

StackLimits LimitsOf(const GatewaySetup& setup) {
  StackLimits limits = setup.limits;
  limits.engine.kind = EngineUnderTest();
  return limits;
}

std::unique_ptr<Authentication> Made(MadeAuthentication made) {
  const auto* const problem = std::get_if<std::string>(&made);
  EXPECT_EQ(problem, nullptr) << *problem;
  return std::get<std::unique_ptr<Authentication>>(std::move(made));
}

template <typename Translator>
Translator MakeTranslator() {
  return std::get<Translator>(Translator::Make(DeclaredOptions));
}

}  // namespace

class GatewayUnderTest::Impl {
 public:
  Impl(const GatewaySetup& setup, std::string& log)
      : log_(clock_, LogLevel::kInfo, kLogLinesMax, [&log](std::string_view line) { log += line; }),
        exchanges_(loop_, clock_, setup.linger),
        ledger_(clock_, setup.ledger) {
    const AuthenticationParts parts{loop_, clock_, random_, files_, [&setup](const std::string& name) {
                                      const auto found = setup.environment.find(name);
                                      return found == setup.environment.end() ? std::optional<Secret>()
                                                                              : found->second;
                                    }};
    if (setup.tls) {
      const auto problem = tls_.Replace(*setup.tls);
      EXPECT_EQ(problem, std::nullopt) << *problem;
    }
    const TlsClient* const tls = setup.tls ? &tls_ : nullptr;
    if (setup.symphony) {
      symphony_.emplace(StackParts{loop_, clock_, random_}, std::vector<Endpoint>{*setup.symphony},
                        LimitsOf(setup), Made(MakeSymphonyAuthentication(setup.symphony_auth, parts)),
                        kIgnore, tls);
    }
    if (setup.qlik) {
      qlik_.emplace(StackParts{loop_, clock_, random_}, std::vector<Endpoint>{*setup.qlik}, LimitsOf(setup),
                    Made(MakeQlikAuthentication(setup.qlik_auth, parts)), kIgnore, tls);
    }
    service_.emplace(
        SessionServiceParts{.create_session = MakeTranslator<CreateSessionTranslator>(),
                            .create_execution_session = MakeTranslator<CreateExecutionSessionTranslator>(),
                            .session_defaults = {.session_ttl_in_minutes = setup.session_ttl_in_minutes,
                                                 .tag_from_request_id = setup.tag_from_request_id},
                            .require_request_id = setup.require_request_id,
                            .symphony = symphony_ ? &*symphony_ : nullptr,
                            .qlik = qlik_ ? &*qlik_ : nullptr,
                            .exchanges = exchanges_,
                            .once = once_,
                            .identities = identities_,
                            .log = log_});
    loop_thread_ = std::thread([this] { loop_.run(); });
    if (setup.around) around_ = setup.around(*service_);
    SessionGatewayHandler& logic = around_ ? *around_ : static_cast<SessionGatewayHandler&>(*service_);
    server_.emplace(Options(setup), std::vector<ServerLane>{{loop_, logic}}, clock_, log_);
    const auto started = server_->Start();
    const int* const port = std::get_if<int>(&started);
    EXPECT_NE(port, nullptr) << std::get<std::string>(started);
    port_ = port == nullptr ? 0 : *port;
  }

  ~Impl() {
    server_.reset();
    WaitForLingering(Duration::zero());
    boost::asio::post(loop_, [this] {
      if (symphony_) symphony_->Close();
      if (qlik_) qlik_->Close();
    });
    work_.reset();
    loop_thread_.join();
  }

  int port() const { return port_; }
  pthread_t loop_thread() { return loop_thread_.native_handle(); }

  std::size_t lingering() {
    std::size_t count = 0;
    RunOnLoop(loop_, [&] { count = exchanges_.lingering(); });
    return count;
  }

  OnceCounts once_counts() {
    OnceCounts counts;
    RunOnLoop(loop_, [&] { counts = once_.counts(); });
    return counts;
  }

  // Returns once no create lingers, soon after `patience` at the latest.
  void WaitForLingering(Duration patience) {
    std::promise<void> idle;
    boost::asio::post(loop_,
                      [&] { exchanges_.Drain(clock_.Now() + patience, [&idle] { idle.set_value(); }); });
    idle.get_future().wait();
  }

 private:
  SystemClock clock_;
  SystemRandom random_;
  Log log_;
  TlsClient tls_{"", TlsVersion::k12};  // outlives the loop's last run
  Loop loop_{1};
  boost::asio::executor_work_guard<LoopExecutor> work_{loop_.get_executor()};
  CredentialFiles files_{loop_, clock_, std::chrono::seconds(5), [](auto&&...) {}};
  std::optional<UpstreamStack> symphony_;
  std::optional<UpstreamStack> qlik_;
  Exchanges exchanges_;
  MemoryLedger ledger_;
  Once once_{exchanges_, clock_, ledger_, OncePauses()};
  const CallerIdentities identities_{KeyedHash(random_)};
  std::optional<SessionService> service_;
  std::unique_ptr<SessionGatewayHandler> around_;
  std::thread loop_thread_;
  std::optional<GrpcServer> server_;
  int port_ = 0;
};

GatewayUnderTest::GatewayUnderTest(const GatewaySetup& setup, std::string& log)
    : impl_(std::make_unique<Impl>(setup, log)) {}
GatewayUnderTest::~GatewayUnderTest() = default;

bool GatewayUnderTest::WaitUntilLingering() const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (impl_->lingering() == 0) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

OnceCounts GatewayUnderTest::once_counts() const { return impl_->once_counts(); }

void GatewayUnderTest::WaitForLingering() const { impl_->WaitForLingering(kPatience); }

std::string GatewayUnderTest::address() const { return "127.0.0.1:" + std::to_string(impl_->port()); }
pthread_t GatewayUnderTest::loop_thread() const { return impl_->loop_thread(); }

}  // namespace session_gateway
