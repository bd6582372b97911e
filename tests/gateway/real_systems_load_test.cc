// What happens to the upstreams while many calls run: certificates are replaced, log-ons end, passwords are
// wrong. No call pays for it, and no account is locked.
#include <gmock/gmock.h>

#include <atomic>
#include <csignal>
#include <future>
#include <thread>

#include "tests/gateway/load_client.h"
#include "tests/gateway/real_systems.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// A sanitizer makes each call many times as slow.
#ifdef SESSION_GATEWAY_SANITIZED
constexpr int kLoadDivisor = 10;
#else
constexpr int kLoadDivisor = 1;
#endif
constexpr int kInFlight = 32;
constexpr int kConnections = 4;

// Calls of both kinds until enough were made and it is told to end.
class Load {
 public:
  explicit Load(std::vector<std::shared_ptr<grpc::Channel>> channels, int calls)
      : client_(channels), thread_([this, calls] { Run(calls); }) {}
  ~Load() { End(); }

  const LoadResult& End() {
    ended_ = true;
    if (thread_.joinable()) thread_.join();
    return total_;
  }

 private:
  void Run(int calls) {
    constexpr int kRound = 500 / kLoadDivisor;
    for (int made = 0; made < calls || !ended_; made += kRound) {
      const LoadResult round = client_.Run(kRound, kInFlight);
      total_.symphony_calls += round.symphony_calls;
      total_.qlik_calls += round.qlik_calls;
      total_.errors += round.errors;
      if (total_.first_error.empty()) total_.first_error = round.first_error;
    }
  }

  LoadClient client_;
  std::atomic<bool> ended_ = false;
  LoadResult total_;  // of the thread until it is joined
  std::thread thread_;
};

class RealSystemsLoad : public RealSystems {
 protected:
  std::vector<std::shared_ptr<grpc::Channel>> Channels() const {
    std::vector<std::shared_ptr<grpc::Channel>> channels;
    for (int i = 0; i < kConnections; ++i) channels.push_back(Connect());
    return channels;
  }

  std::uint64_t Creates() const {
    return sandbox_->counters(kSymphony).creates + sandbox_->counters(kQlik).creates;
  }

  // That many more of each kind.
  void AwaitCreates(std::uint64_t more) const {
    for (const SandboxUpstream upstream : {kSymphony, kQlik}) {
      const std::uint64_t before = sandbox_->counters(upstream).creates;
      ASSERT_TRUE(Becomes([&] { return sandbox_->counters(upstream).creates >= before + more; }));
    }
  }

  void ExpectAllGood(const LoadResult& result, int calls) const {
    EXPECT_EQ(result.errors, 0) << result.first_error;
    EXPECT_GE(result.symphony_calls + result.qlik_calls, calls);
    EXPECT_EQ(sandbox_->counters(kSymphony).creates, static_cast<std::uint64_t>(result.symphony_calls));
    EXPECT_EQ(sandbox_->counters(kQlik).creates, static_cast<std::uint64_t>(result.qlik_calls));
  }

  bool WasSeen(SandboxUpstream upstream, const SandboxTlsSerials& serials) const {
    const auto seen = sandbox_->tls_serials(upstream);
    return std::find(seen.begin(), seen.end(), serials) != seen.end();
  }
};

TEST_F(RealSystemsLoad, NoCallIsLostWhileCertificatesAreReplacedOnBothSides) {
  constexpr int kCalls = 10'000 / kLoadDivisor;
  constexpr int kReplacements = 20 / kLoadDivisor;
  options_.tls->symphony_wants_client = true;
  StartSandbox();
  StartGateway("pool: {age_max: 250ms}\n" + Symphony(kService, kPem) + Qlik(kCertificate, kPem));
  Load load(Channels(), kCalls);
  AwaitCreates(10);
  for (int i = 0; i < kReplacements; ++i) {
    const pki::Certificate servers[] = {authority_.Issue(pki::LoopbackServer()),
                                        authority_.Issue(pki::LoopbackServer())};
    const pki::Certificate client = authority_.Issue(pki::Client("gateway"));
    int server = 0;
    for (const SandboxUpstream upstream : {kSymphony, kQlik}) {
      const pki::Certificate& next = servers[server++];
      ASSERT_EQ(sandbox_->ReplaceTlsIdentity(upstream, {next.FullChainPem(), next.key_pem}), std::nullopt);
    }
    // The two files never change at once, so in between the old pair stays in force.
    files_.Write("client.pem", client.FullChainPem());
    gateway().process().Signal(SIGHUP);
    AwaitCreates(2);
    files_.Write("client_key.pem", client.key_pem);
    gateway().process().Signal(SIGHUP);
    EXPECT_TRUE(Becomes([&] { return WasSeen(kSymphony, {servers[0].serial, client.serial}); })) << i;
    EXPECT_TRUE(Becomes([&] { return WasSeen(kQlik, {servers[1].serial, client.serial}); })) << i;
    AwaitCreates(static_cast<std::uint64_t>(kCalls / kReplacements / 4));
  }
  ExpectAllGood(load.End(), kCalls);
  EXPECT_EQ(sandbox_->counters(kSymphony).logons, 1u);
  for (const SandboxUpstream upstream : {kSymphony, kQlik}) {
    EXPECT_EQ(sandbox_->counters(upstream).tls_failed, 0u)
        << testing::PrintToString(sandbox_->tls_problems(upstream));
  }
  EXPECT_EQ(gateway().Stop(), 0);
}

TEST_F(RealSystemsLoad, NoCallIsLostWhileLogonsEnd) {
  constexpr int kCalls = 5'000 / kLoadDivisor;
  constexpr int kEnds = 5;
  constexpr milliseconds kOldEnough(150);  // beyond renew_min_age
  StartSandbox();
  StartGateway(Symphony(std::string(kService) + ", renew_min_age: 100ms", kCa) +
               QlikProxy("mode: jwt, token_file: token, renew_min_age: 100ms"));
  Load load(Channels(), kCalls);
  AwaitCreates(10);
  for (std::uint64_t end = 1; end <= kEnds; ++end) {
    const auto young = steady_clock::now();
    // Whoever was under way with the log-on before the last has ended by then.
    AwaitCreates(2 * kInFlight);
    ASSERT_TRUE(Becomes([&] { return steady_clock::now() - young > kOldEnough; }));
    for (const SandboxUpstream upstream : {kSymphony, kQlik}) {
      sandbox_->ExpireLogons(upstream);
      ASSERT_TRUE(Becomes([&] { return sandbox_->counters(upstream).logons > end; }));
    }
  }
  ExpectAllGood(load.End(), kCalls);
  // One for all who met the same end.
  EXPECT_EQ(sandbox_->counters(kSymphony).logons, kEnds + 1u);
  EXPECT_EQ(sandbox_->counters(kQlik).logons, kEnds + 1u);
  EXPECT_GE(sandbox_->counters(kSymphony).refused, static_cast<std::uint64_t>(kEnds));
  EXPECT_GE(sandbox_->counters(kQlik).refused, static_cast<std::uint64_t>(kEnds));
  EXPECT_EQ(gateway().Stop(), 0);
}

TEST_F(RealSystemsLoad, AWrongPasswordIsTriedTwiceAtMostAndARightOneAtOnce) {
  constexpr int kCallers = 8;
  StartSandbox();
  files_.Write("password", "wrong\n");
  StartGateway(Symphony(kService, kCa), "credentials: {check_interval: 100ms}\n");
  const auto end = steady_clock::now() + seconds(5);
  std::vector<std::future<std::map<std::string, int>>> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.push_back(std::async(std::launch::async, [this, end] {
      std::map<std::string, int> told;
      const auto channel = Connect();
      while (steady_clock::now() < end) {
        ++told[Told(CallByText(channel, "CreateSession", R"(application_name: "a")", seconds(60)))];
      }
      return told;
    }));
  }
  std::map<std::string, int> told;
  for (auto& caller : callers) {
    for (const auto& [text, count] : caller.get()) told[text] += count;
  }
  EXPECT_THAT(told, testing::ElementsAre(testing::Key("INTERNAL LOGON_REFUSED not_sent")));
  EXPECT_GT(told["INTERNAL LOGON_REFUSED not_sent"], 1000 / kLoadDivisor);
  const SandboxCounters counters = sandbox_->counters(kSymphony);
  EXPECT_GE(counters.refused_logons, 1u);
  EXPECT_LE(counters.refused_logons, 2u);
  EXPECT_EQ(counters.requests, counters.refused_logons);
  EXPECT_EQ(counters.locked, 0u);

  files_.Write("password", kPassword);
  EXPECT_TRUE(Becomes([this] { return CreateSession().ok; }));
  EXPECT_EQ(sandbox_->counters(kSymphony).logons, 1u);
  EXPECT_EQ(gateway().Stop(), 0);
}

}  // namespace
}  // namespace session_gateway
