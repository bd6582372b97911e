// The stack of one upstream as it is built, against servers with real sockets: an endpoint that refuses, one
// that comes back, one that loses what was sent.
#include "server/upstream/stack.h"

#include <algorithm>
#include <atomic>

#include "server/upstream/make_authentication.h"
#include "tests/server/layer_fixture.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class StackTest : public LayerTest {
 protected:
  StackTest() : files_(loop_, clock_, std::chrono::hours(1), [](std::string_view, const auto&) {}) {}
  ~StackTest() override {
    if (!stack_) return;
    stack_->Close();
    loop_.restart();
    loop_.run();
    stack_.reset();
  }

  // Every request is answered.
  RawServer::Script Answering() {
    return [this](RawConnection& connection) {
      while (!connection.ReadRequest().empty()) {
        ++requests_;
        if (!connection.Send(kOk)) return;
      }
    };
  }

  void Make(const std::vector<std::uint16_t>& ports, const StackLimits& limits = {},
            const SymphonyAuthConfig& auth = {}) {
    std::vector<Endpoint> endpoints;
    for (const std::uint16_t port : ports) endpoints.push_back({"http", "127.0.0.1", port, ""});
    const AuthenticationParts parts{loop_, clock_, random_, files_,
                                    [](const std::string&) { return std::optional<Secret>("password"); }};
    auto made = MakeSymphonyAuthentication(auth, parts);
    stack_.emplace(
        StackParts{loop_, clock_, random_}, endpoints, limits,
        std::get<std::unique_ptr<Authentication>>(std::move(made)),
        [this](std::string_view endpoint, EndpointEvent event) {
          events_.push_back((event == EndpointEvent::kEjected ? "-" : "+") + std::string(endpoint));
        });
  }
  static std::string Name(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

  std::string Send(Repeat repeat = Repeat::kOnlyIfNotSent) {
    return EndOf(*StartOn(stack_->transport(), "{}", kPatience, repeat));
  }
  // All at once; how many ended like this.
  int SendMany(int count, const std::string& end) {
    std::vector<std::unique_ptr<Call>> calls;
    for (int i = 0; i < count; ++i) calls.push_back(Spawn(stack_->transport(), "{}"));
    int ended = 0;
    for (const auto& call : calls) ended += EndOf(*call) == end ? 1 : 0;
    return ended;
  }

  SystemRandom random_;
  CredentialFiles files_;
  std::atomic<int> requests_ = 0;
  std::vector<std::string> events_;
  std::optional<UpstreamStack> stack_;
};

TEST_F(StackTest, WhileOneEndpointRefusesAllCallsSucceed) {
  const RawServer server(Answering());
  RawPort refusing;
  const std::uint16_t port = refusing.number();
  Make({port, server.port()});
  EXPECT_EQ(SendMany(64, "200"), 64);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Send(), "200");
  EXPECT_EQ(events_, (std::vector<std::string>{"-" + Name(port)}));
  EXPECT_EQ(requests_, 164);

  // Long enough for several probes to fail, so that the ejection is at its longest.
  for (int i = 0; i < 30; ++i) {
    clock_.ahead += seconds(1);
    EXPECT_EQ(Send(), "200");
  }
  const RawServer back(Answering(), std::move(refusing));
  int tenths = 0;
  for (; events_.size() < 2 && tenths < 50; ++tenths) {
    clock_.ahead += milliseconds(100);
    EXPECT_EQ(Send(), "200");
  }
  EXPECT_EQ(events_, (std::vector<std::string>{"-" + Name(port), "+" + Name(port)})) << tenths;
  EXPECT_EQ(back.accepted(), 1);
  EXPECT_EQ(requests_, 194 + tenths);
}

TEST_F(StackTest, ASingleEndpointIsNeverKeptFromComingBack) {
  RawPort refusing;
  StackLimits limits;
  limits.retry.attempts = 1;
  Make({refusing.number()}, limits);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Send(), "unreachable connect not_sent");
  const RawServer server(Answering(), std::move(refusing));
  EXPECT_EQ(Send(), "200");
  EXPECT_EQ(events_.size(), 2u);
}

TEST_F(StackTest, ACallLastsUntilASingleEndpointIsBack) {
  RawPort refusing;
  StackLimits limits;
  limits.retry = {.attempts = 10, .backoff_min = milliseconds(20), .backoff_max = milliseconds(20)};
  Make({refusing.number()}, limits);
  int attempts = 0;
  const auto call = Spawn(stack_->transport(), "{}");
  ASSERT_TRUE(RunUntil([&] { return ++attempts >= 2; }));
  EXPECT_FALSE(call->result.has_value());
  const RawServer server(Answering(), std::move(refusing));
  EXPECT_EQ(EndOf(*call), "200");
  EXPECT_EQ(requests_, 1);
}

TEST_F(StackTest, ACreateThatWasSentIsNeverSentAgain) {
  const auto loses = [this](RawConnection& connection) {
    if (!connection.ReadRequest().empty()) ++requests_;
  };
  const RawServer first(loses);
  const RawServer second(loses);
  Make({first.port(), second.port()});
  for (int i = 1; i <= 40; ++i) {
    EXPECT_EQ(Send(), "lost wait sent");
    EXPECT_EQ(requests_, i);
  }
  EXPECT_EQ(events_.size(), 2u);
  // Reading is another thing.
  EXPECT_EQ(Send(Repeat::kSafe), "lost wait sent");
  EXPECT_EQ(requests_, 43);
}

TEST_F(StackTest, AnEndpointThatCannotBeLoggedOnToIsPassedBy) {
  const RawServer server([this](RawConnection& connection) {
    for (std::string request = connection.ReadRequest(); !request.empty();
         request = connection.ReadRequest()) {
      const bool is_logon = request.find("/auth/login") != std::string::npos;
      if (!is_logon) ++requests_;
      connection.Send(is_logon ? "HTTP/1.1 200 OK\r\nset-cookie: platform.rest.token=t\r\n"
                                 "content-length: 17\r\n\r\n{\"csrftoken\":\"x\"}"
                               : kOk);
    }
  });
  RawPort refusing;
  SymphonyAuthConfig auth;
  auth.mode = SymphonyAuthMode::kServiceAccount;
  auth.user = "Admin";
  auth.password_env = "PASSWORD";
  Make({refusing.number(), server.port()}, {}, auth);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Send(), "200");
  EXPECT_EQ(events_, (std::vector<std::string>{"-" + Name(refusing.number())}));
  EXPECT_EQ(requests_, 20);
}

// Once: a log-on that failed everywhere is not tried again by the same call.
TEST_F(StackTest, ALogonThatFailsEverywhereIsTriedOnceAtEach) {
  std::atomic<int> logons = 0;
  const auto unavailable = [&logons](RawConnection& connection) {
    while (!connection.ReadRequest().empty()) {
      ++logons;
      connection.Send("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
    }
  };
  const RawServer first(unavailable);
  const RawServer second(unavailable);
  SymphonyAuthConfig auth;
  auth.mode = SymphonyAuthMode::kServiceAccount;
  auth.user = "Admin";
  auth.password_env = "PASSWORD";
  Make({first.port(), second.port()}, {}, auth);
  EXPECT_EQ(Send(), "unreachable logon not_sent");
  EXPECT_EQ(logons, 2);
}

TEST_F(StackTest, TheBoundOfCallsIsThatOfTheUpstream) {
  Signal release;
  const auto stalls = [this, &release](RawConnection& connection) {
    while (!connection.ReadRequest().empty()) {
      ++requests_;
      release.Wait();
      connection.Send(kOk);
    }
  };
  const RawServer first(stalls);
  const RawServer second(stalls);
  StackLimits limits;
  limits.bulkhead = {.calls = 4, .queue = 2};
  Make({first.port(), second.port()}, limits);
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < 6; ++i) calls.push_back(Spawn(stack_->transport(), "{}"));
  ASSERT_TRUE(RunUntil([&] { return requests_ == 4; }));
  EXPECT_EQ(Send(), "overloaded queue not_sent");
  EXPECT_EQ(requests_, 4);
  release.Set();
  for (const auto& call : calls) EXPECT_EQ(EndOf(*call), "200");
  EXPECT_EQ(requests_, 6);
}

}  // namespace
}  // namespace session_gateway
