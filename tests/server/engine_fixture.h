// What tests of an engine share: a loop on the test's thread, calls with a time limit, and a clock that
// tests set.
//
// Thread rule: the loop runs on the test's thread. Never here: what an upstream says.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/upstream/engine.h"
#include "tests/server/engine_under_test.h"
#include "tests/server/raw_server.h"
#include "tests/server/signal.h"

namespace session_gateway {

// Runs ahead of the real clock by what the test says, and tells when it is asked.
class TestClock final : public Clock {
 public:
  TimePoint Now() const override {
    if (on_now) std::exchange(on_now, nullptr)();
    return std::chrono::steady_clock::now() + ahead;
  }
  WallTime WallNow() const override { return std::chrono::system_clock::now(); }

  Duration ahead = Duration::zero();
  mutable std::function<void()> on_now;  // called once
};

// One call of an engine, as its frame would make it.
struct Call {
  explicit Call(TimePoint deadline) : context(deadline) {}
  CallContext context;
  HttpRequest request;
  std::optional<SendResult> result;
};

class EngineTest : public testing::Test {
 protected:
  ~EngineTest() override {
    engine_.reset();
    loop_.restart();
    loop_.run();
  }

  void Connect(std::uint16_t port, EngineLimits limits = {}, std::string host = "127.0.0.1",
               std::string prefix = "") {
    limits.kind = EngineUnderTest();
    engine_ = MakeEngine(loop_, Endpoint{"http", std::move(host), port, std::move(prefix)}, limits, clock_,
                         nullptr);
  }

  static HttpRequest Post(std::string body = "{}") {
    HttpRequest request;
    request.method = "POST";
    request.path = "/x";
    request.body = std::move(body);
    return request;
  }

  std::unique_ptr<Call> Start(HttpRequest request, Duration left = kPatience) {
    auto call = std::make_unique<Call>(clock_.Now() + left);
    call->request = std::move(request);
    boost::asio::co_spawn(loop_, engine_->Send(call->request, call->context),
                          [waiting = call.get()](std::exception_ptr error, SendResult result) {
                            EXPECT_EQ(error, nullptr);
                            waiting->result = std::move(result);
                          });
    return call;
  }

  // Runs the loop until the condition holds. The patience is real time, whatever the test's clock says.
  bool RunUntil(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    loop_.restart();
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      if (loop_.run_one_for(std::chrono::milliseconds(5)) == 0) loop_.restart();
    }
    return true;
  }

  // Runs what is due now, among it the reading of what has been delivered.
  void RunReady() {
    loop_.restart();
    for (int i = 0; i < 64 && loop_.poll_one() > 0; ++i) {  // bounded, for a peer that never stops sending
    }
  }

  SendResult Finish(Call& call) {
    if (!RunUntil([&] { return call.result.has_value(); })) {
      ADD_FAILURE() << "the call does not end";
      call.context.Stop(StopReason::kCancelled);
      RunUntil([&] { return call.result.has_value(); });
    }
    return std::move(*call.result);
  }

  SendResult Send(HttpRequest request) { return Finish(*Start(std::move(request))); }

  // The call is stopped once the condition holds and what is due was done.
  SendResult SendAndStop(HttpRequest request, StopReason reason, const std::function<bool()>& when) {
    const auto call = Start(std::move(request));
    EXPECT_TRUE(RunUntil([&] { return call->result.has_value() || when(); }));
    RunReady();
    call->context.Stop(reason);
    return Finish(*call);
  }

  Loop loop_{1};
  TestClock clock_;
  std::unique_ptr<Engine> engine_;
};

inline void ExpectReply(const SendResult& result, int status, std::string_view body,
                        BodyState body_state = BodyState::kWhole) {
  const auto* reply = std::get_if<HttpReply>(&result);
  if (reply == nullptr) {
    FAIL() << "no reply, but: " << std::get<SendFailure>(result).detail;
  }
  EXPECT_EQ(reply->status, status);
  EXPECT_EQ(reply->body, body);
  EXPECT_EQ(reply->body_state, body_state);
}

inline void ExpectFailure(const SendResult& result, FailureKind kind, Phase phase, bool sent) {
  const auto* failure = std::get_if<SendFailure>(&result);
  ASSERT_NE(failure, nullptr) << "a reply, with status " << std::get<HttpReply>(result).status;
  EXPECT_EQ(failure->kind, kind) << failure->detail;
  EXPECT_EQ(PhaseName(failure->phase), PhaseName(phase)) << failure->detail;
  EXPECT_EQ(failure->sent, sent) << failure->detail;
  EXPECT_FALSE(failure->detail.empty());
}

inline constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

}  // namespace session_gateway
