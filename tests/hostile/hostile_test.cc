// Upstreams that lie, flood, stall and speak out of turn, through the whole gateway: no crash, never one
// caller's answer to another, an outcome that is true, bounded memory, and the next call to a good upstream
// works.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "server/rpc/library_settings.h"
#include "tests/exchange/channel.h"
#include "tests/exchange/gateway_under_test.h"
#include "tests/exchange/rpc_text.h"
#include "tests/hostile/hostile_upstream.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

constexpr int kInTurn = 2;
constexpr int kAtOnce = 5;
constexpr milliseconds kPatience{30000};
constexpr milliseconds kShortDeadline{1000};
// What one connection may take of a flood: the bounds of the engine, and the buffers of both systems.
constexpr std::size_t kTakenBytesMax = 32 * 1024 * 1024;
constexpr long kMemoryKilobytesMax = 512 * 1024;
constexpr std::size_t kEarlyPaddingBytes = 300 * 1024;
#ifdef SESSION_GATEWAY_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

const testing::Environment* HoldsGrpc() {
  class Holder final : public testing::Environment {
   public:
    void SetUp() override { HoldGrpc(); }
  };
  return testing::AddGlobalTestEnvironment(new Holder);
}
const testing::Environment* const kHoldsGrpc = HoldsGrpc();

struct Site {
  std::string name;
  const Api& api;
  bool has_tls;
};
const std::vector<Site>& Sites() {
  static const std::vector<Site> kSites = {{"symphony", kSymphonyApi, false},
                                           {"symphony with TLS", kSymphonyApi, true},
                                           {"qlik", kQlikApi, false},
                                           {"qlik with TLS", kQlikApi, true}};
  return kSites;
}

// One certificate serves all: what is tried here begins behind the handshake.
const pki::CertificateAuthority& Authority() {
  static const pki::CertificateAuthority kAuthority;
  return kAuthority;
}

class Play {
 public:
  Play(const Behaviour& behaviour, const Site& site)
      : behaviour_(behaviour),
        site_(site),
        tls_({.certificate = Authority().Issue(pki::LoopbackServer())}),
        elsewhere_([](RawConnection& raw) { raw.WaitForEnd(); }),
        upstream_(behaviour, site.api, site.has_tls ? &tls_ : nullptr,
                  "127.0.0.1:" + std::to_string(elsewhere_.port())),
        gateway_(Setup(), log_),
        channel_(ConnectTo(gateway_.address())) {}

  void Run() {
    if (!behaviour_.at_rest.empty()) {
      Round(1);
      Round(kAtOnce);
      Round(kAtOnce);
    } else {
      for (int i = 0; i < kInTurn && !behaviour_.ends_by_deadline; ++i) Calls(1, Expected());
      Calls(kAtOnce, Expected());
    }
    upstream_.BeGood();
    Calls(1, "OK");
    EXPECT_EQ(elsewhere_.accepted(), 0) << "a redirect was followed";
    EXPECT_LE(upstream_.most_sent(), kTakenBytesMax) << "a flood was taken in";
  }

 private:
  GatewaySetup Setup() const {
    GatewaySetup setup;
    const Endpoint endpoint = {site_.has_tls ? "https" : "http", "127.0.0.1", upstream_.port(), ""};
    setup.symphony = endpoint;
    setup.qlik = endpoint;
    setup.qlik_auth.user_directory = "INTERNAL";
    setup.qlik_auth.user_id = "sa_api";
    setup.limits.engine.answer_body_bytes = 256 * 1024;
    setup.linger = std::chrono::seconds(0);
    // The gateway's own bound: a timer of the caller's would race its answer on a busy machine.
    if (behaviour_.ends_by_deadline) setup.call_timeout_max = kShortDeadline;
    if (site_.has_tls) {
      setup.tls.emplace();
      setup.tls->ca = Secret(Authority().root_pem());
    }
    return setup;
  }

  std::string Expected() const {
    const bool differs = &site_.api == &kQlikApi && !behaviour_.expects_qlik.empty();
    return differs ? behaviour_.expects_qlik : behaviour_.expects;
  }

  // Calls whose connections rest afterwards, and are spoken to while they do.
  void Round(int calls) {
    upstream_.ExpectRound(calls);
    Calls(calls, Expected());
    upstream_.SpeakAtRest();
  }

  std::string RequestOf(const std::string& tag) const {
    const std::string padding(behaviour_.is_early ? kEarlyPaddingBytes : 1, 'x');
    if (&site_.api == &kSymphonyApi) {
      return "application_name: \"" + tag + "\" session { session_name: \"" + padding + "\" }";
    }
    return "execution_session { user: \"" + tag + "\" reload_task { name: \"" + padding + "\" } }";
  }

  void Calls(int count, const std::string& expected) {
    std::vector<std::thread> callers;
    for (int i = 0; i < count; ++i) {
      callers.emplace_back([this, tag = TagOf(next_tag_++), &expected] {
        Judge(CallByText(channel_, site_.api.rpc, RequestOf(tag), kPatience), tag, expected);
      });
    }
    for (std::thread& caller : callers) caller.join();
  }

  void Judge(const RpcResult& result, const std::string& tag, const std::string& expected) const {
    const std::string end = result.ok ? "OK" : result.code + " " + result.outcome;
    EXPECT_EQ(end, expected) << site_.name << ": " << result.text;
    EXPECT_EQ(result.problems, "") << site_.name;
    EXPECT_EQ(result.text.find("poison"), std::string::npos) << site_.name << ": " << result.text;
    if (!result.ok) return;
    EXPECT_NE(result.text.find("id: \"" + tag + "\""), std::string::npos)
        << site_.name << ": an answer of another request: " << result.text;
  }

  const Behaviour& behaviour_;
  const Site& site_;
  const TlsServer tls_;
  RawServer elsewhere_;
  HostileUpstream upstream_;
  std::string log_;
  GatewayUnderTest gateway_;
  const std::shared_ptr<grpc::Channel> channel_;
  int next_tag_ = 1;
};

class HostileTest : public testing::TestWithParam<Behaviour> {};

INSTANTIATE_TEST_SUITE_P(Upstream, HostileTest, testing::ValuesIn(Behaviours()),
                         [](const auto& param) { return param.param.name; });

TEST_P(HostileTest, HarmsNobody) {
  std::vector<std::thread> sites;
  for (const Site& site : Sites()) sites.emplace_back([&] { Play(GetParam(), site).Run(); });
  for (std::thread& site : sites) site.join();
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  if (!kSanitized) {
    EXPECT_LE(usage.ru_maxrss, kMemoryKilobytesMax);
  }
}

}  // namespace
}  // namespace session_gateway
