// A gateway between a retrying Envoy and an upstream that fails in every way: no call makes two sessions, and
// Envoy repeats what was not sent and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/chaos/chaos_proxy.h"
#include "tests/exchange/channel.h"
#include "tests/mesh/envoy.h"
#include "tests/sandbox/sandbox.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

constexpr auto kPatience = std::chrono::seconds(30);
constexpr auto kShort = milliseconds(300);  // for upstreams that would never answer
constexpr SandboxUpstream kSymphony = SandboxUpstream::kSymphony;

SandboxOptions WithLogon() {
  SandboxOptions options;
  options.symphony_logon.emplace().users = {{"gateway", "secret"}};
  return options;
}

std::string ConfigBehind(int port, const std::string& auth) {
  return ConfigFor("http://127.0.0.1:" + std::to_string(port), "") + auth +
         // Each fault meets a connection of its own.
         "pool: {idle_connections: 0}\ncreates: {linger: 200ms}\n";
}

// Envoy, gateway, proxy, sandbox, and what has happened to all calls so far.
class MeshFaults : public testing::Test {
 protected:
  explicit MeshFaults(const SandboxOptions& options = {}, const std::string& auth = "") : sandbox_(options) {
    const auto problem = sandbox_.Start();
    EXPECT_EQ(problem, std::nullopt);
    proxy_.emplace(ChaosOptions{.upstream_port = sandbox_.symphony_port()});
    config_.emplace(ConfigBehind(proxy_->port(), auth));
    gateway_.emplace(std::vector<std::string>{"--config", config_->path()});
    envoy_.emplace(std::vector<std::string>{gateway_->address()}, kUsualPolicy);
    channel_ = ConnectTo(envoy_->address());
    Recover();
  }
  ~MeshFaults() override {
    StopGateway();
    const std::int64_t created = Created();
    EXPECT_LE(done_, created) << "a call that was answered made no session";
    EXPECT_LE(created, calls_) << "a call made two sessions";
    RecordProperty("calls", calls_);
  }

  // Envoy has repeated each call that ended as UNAVAILABLE, but those that it handed on, and no other.
  void StopGateway() {
    const std::int64_t retries = envoy_->Stat("upstream_rq_retry");
    EXPECT_EQ(gateway_->Stop(), 0) << gateway_->process().log();
    std::int64_t not_sent = 0;
    std::istringstream log(gateway_->process().log());
    for (std::string line; std::getline(log, line);) {
      if (line.find(R"("status":"UNAVAILABLE")") == std::string::npos) continue;
      EXPECT_THAT(line, testing::HasSubstr(R"("outcome":"not_sent")"));
      ++not_sent;
    }
    EXPECT_EQ(not_sent, retries + unavailable_);
    unavailable_ = 0;
  }

  std::int64_t Created() const { return static_cast<std::int64_t>(sandbox_.counters(kSymphony).creates); }

  RpcResult Call(milliseconds deadline) {
    ++calls_;
    RpcResult result = CallByText(channel_, "CreateSession", R"(application_name: "a")", deadline);
    if (result.ok) ++done_;
    if (result.code == "UNAVAILABLE") ++unavailable_;
    return result;
  }

  // One call that meets what has been prepared.
  void Meet(const std::string& fault, milliseconds deadline) {
    const std::int64_t created = Created();
    const std::int64_t retried = envoy_->Stat("upstream_rq_retry");
    const RpcResult result = Call(deadline);
    // What is on its way when a deadline comes may arrive, but nothing more is sent: that shows at the end.
    const std::int64_t made = Created() - created;
    const std::int64_t retries = envoy_->Stat("upstream_rq_retry") - retried;
    const std::string seen = fault + ": " + result.code + ' ' + result.outcome;
    EXPECT_LE(made, 1) << seen << '\n' << result.text;
    if (result.ok) {
      EXPECT_EQ(made, 1) << seen;
    } else if (result.outcome == "not_sent") {
      EXPECT_EQ(made, 0) << seen << '\n' << result.text;
    }
    if (result.code == "UNAVAILABLE") {
      EXPECT_EQ(result.outcome, "not_sent") << fault << '\n' << result.text;
      EXPECT_EQ(retries, 2) << seen;
    } else if (!result.ok && !may_be_sent_by_a_repeat_) {
      EXPECT_EQ(retries, 0) << seen << '\n' << result.text;
    }
    repeated_ += retries;
    ++ends_[result.code + ' ' + result.outcome];
    sandbox_.ClearFaults(kSymphony);
    proxy_->SetListening(ChaosListening::kOpen);
    proxy_->Forward();
    if (recovers_) Recover();
  }

  // Until the gateway reaches its upstream again.
  void Recover() {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    RpcResult last;
    while (std::chrono::steady_clock::now() < end) {
      last = Call(kPatience);
      if (last.ok) return;
    }
    ADD_FAILURE() << "no call succeeds any more: " << last.text;
  }

  void MeetSandbox(const std::string& name, SandboxFault fault, milliseconds deadline) {
    fault.count = 3;  // repeated calls meet it, too
    ASSERT_TRUE(sandbox_.AddFault(kSymphony, std::move(fault))) << name;
    Meet(name, deadline);
  }

  void MeetPlan(const std::string& plan, milliseconds deadline) {
    const auto parsed = ParsePlan(plan);
    ASSERT_TRUE(std::holds_alternative<ChaosPlan>(parsed)) << plan;
    proxy_->SetPlan(std::get<ChaosPlan>(parsed));
    Meet(plan, deadline);
  }

  Sandbox sandbox_;
  std::optional<ChaosProxy> proxy_;
  std::optional<TemporaryFile> config_;
  std::optional<GatewayProgram> gateway_;
  std::optional<Envoy> envoy_;
  std::shared_ptr<grpc::Channel> channel_;
  bool recovers_ = true;  // the gateway is to go on after each fault
  int calls_ = 0;
  int done_ = 0;
  std::int64_t unavailable_ = 0;  // of this gateway, as the caller was told
  bool may_be_sent_by_a_repeat_ = false;
  std::int64_t repeated_ = 0;
  std::map<std::string, int> ends_;  // how the calls that met a fault ended
};

TEST_F(MeshFaults, EachStatusWithAndWithoutASession) {
  for (int status = 400; status <= 504; ++status) {
    for (const bool create : {false, true}) {
      const std::string line = std::to_string(status);
      MeetSandbox(line + (create ? " and a session" : ""),
                  {.kind = SandboxFaultKind::kRaw,
                   .body = "HTTP/1.1 " + line + " X\r\nContent-Length: 2\r\n\r\n{}",
                   .create = create},
                  kPatience);
    }
  }
  EXPECT_EQ(repeated_, 0) << testing::PrintToString(ends_);
}

TEST_F(MeshFaults, AnswersThatAreNone) {
  for (const bool create : {false, true}) {
    MeetSandbox("html", {.kind = SandboxFaultKind::kHtml, .create = create}, kPatience);
    MeetSandbox("garbage", {.kind = SandboxFaultKind::kGarbage, .body = "SSH-2.0-x\r\n", .create = create},
                kPatience);
    MeetSandbox("reset", {.kind = SandboxFaultKind::kReset, .create = create}, kPatience);
    for (const char* answer :
         {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"sessio",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
          "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
          "HTTP/1.1 700 X\r\nContent-Length: 0\r\n\r\n"}) {
      MeetSandbox(answer, {.kind = SandboxFaultKind::kRaw, .body = answer, .create = create}, kPatience);
    }
  }
  for (std::size_t bytes = 0; bytes < 300; bytes += 13) {
    MeetSandbox("cut after " + std::to_string(bytes), {.kind = SandboxFaultKind::kCut, .after_bytes = bytes},
                kPatience);
  }
  MeetSandbox("late", {.kind = SandboxFaultKind::kDelay, .wait = milliseconds(2000)}, kShort);
  EXPECT_EQ(repeated_, 0) << testing::PrintToString(ends_);
}

TEST_F(MeshFaults, ConnectionsThatAreCut) {
  for (const char* direction : {"request", "answer"}) {
    for (const char* end : {"close", "reset", "half"}) {
      for (int bytes = 0; bytes <= 420; bytes += 29) {
        MeetPlan(std::string(direction) + ".end=" + end + "@" + std::to_string(bytes), kPatience);
      }
    }
    for (const char* end : {"stall", "drop"}) {
      for (const int bytes : {0, 40, 150}) {
        MeetPlan(std::string(direction) + ".end=" + end + "@" + std::to_string(bytes), kShort);
      }
    }
  }
}

TEST_F(MeshFaults, ConnectionsThatAreNotMade) {
  // Whether a connection that is made and reset at once takes a request is a matter of microseconds.
  may_be_sent_by_a_repeat_ = true;
  for (const char* accept : {"reset", "close"}) MeetPlan(std::string("accept=") + accept, kPatience);
  may_be_sent_by_a_repeat_ = false;
  for (const char* accept : {"ignore", "swallow"}) MeetPlan(std::string("accept=") + accept, kShort);
  proxy_->SetListening(ChaosListening::kFull);
  Meet("a full queue", kShort);
  EXPECT_EQ(envoy_->Stat("upstream_rq_retry"), repeated_);

  // Here a retry is safe, and it does happen.
  repeated_ = 0;
  ends_.clear();
  for (int i = 0; i < 3; ++i) {
    proxy_->SetListening(ChaosListening::kClosed);
    Meet("refused", kPatience);
  }
  EXPECT_EQ(repeated_, 6);
  EXPECT_EQ(ends_["UNAVAILABLE not_sent"], 3) << testing::PrintToString(ends_);
}

struct PasswordFile {
  TemporaryFile file{"secret"};
};

class MeshLogonFaults : private PasswordFile, public MeshFaults {
 protected:
  MeshLogonFaults()
      : MeshFaults(WithLogon(), "  auth: {mode: service_account, user: gateway, password_file: " +
                                    PasswordFile::file.path() + "}\n") {
    recovers_ = false;  // a refused log-on is not repeated for a while
  }

  // A new gateway has to log on first.
  void MeetLogon(const std::string& name, SandboxFault fault) {
    fault.path = "auth/login";
    StopGateway();
    gateway_.emplace(std::vector<std::string>{"--config", config_->path()});
    envoy_.emplace(std::vector<std::string>{gateway_->address()}, kUsualPolicy);
    channel_ = ConnectTo(envoy_->address());
    MeetSandbox(name, std::move(fault), kPatience);
  }
};

TEST_F(MeshLogonFaults, LogOnsThatFail) {
  for (const int status : {401, 403, 404, 408, 429, 500, 503}) {
    MeetLogon("log-on " + std::to_string(status), {.kind = SandboxFaultKind::kStatus, .status = status});
  }
  MeetLogon("log-on html", {.kind = SandboxFaultKind::kHtml});
  MeetLogon("log-on garbage", {.kind = SandboxFaultKind::kGarbage, .body = "x\r\n"});
  MeetLogon("log-on reset", {.kind = SandboxFaultKind::kReset});
  MeetLogon("log-on cut", {.kind = SandboxFaultKind::kCut, .after_bytes = 50});
  EXPECT_GT(repeated_, 0);
  EXPECT_GT(ends_["UNAVAILABLE not_sent"], 0) << testing::PrintToString(ends_);
}

}  // namespace
}  // namespace session_gateway
