// What the engine in threads has and the other has not: places, and those who wait for one. All else is
// tested by the engine's own suites, which run on both (server/engine_under_test.h).
#include <gtest/gtest.h>

#include <atomic>

#include "tests/server/engine_fixture.h"

namespace session_gateway {
namespace {

class HttplibPlacesTest : public EngineTest {
 protected:
  void ConnectWithThreads(const RawServer& server, std::size_t threads, EngineLimits limits = {}) {
    limits.kind = EngineKind::kHttplib;
    limits.threads = threads;
    engine_ = MakeEngine(loop_, Endpoint{"http", "127.0.0.1", server.port(), ""}, limits, clock_, nullptr);
  }

  // Starts a call that has its place, and with it a connection.
  std::unique_ptr<Call> StartWithPlace() {
    auto call = Start(Post());
    EXPECT_TRUE(RunUntil([&] { return call->context.may_have_left(); }));
    return call;
  }
};

// Answers each request once it may.
RawServer::Script AnswersAfter(Signal& allowed) {
  return [&allowed](RawConnection& peer) {
    while (!peer.ReadRequest().empty() && allowed.Wait() && peer.Send(kOk)) {
    }
  };
}

TEST_F(HttplibPlacesTest, FurtherExchangesWaitInTheirOrder) {
  Signal allowed;
  RawServer server(AnswersAfter(allowed));
  ConnectWithThreads(server, 1);
  const auto first = StartWithPlace();
  const auto second = Start(Post());
  const auto third = Start(Post());
  RunReady();
  EXPECT_FALSE(second->context.may_have_left());
  EXPECT_EQ(engine_->open_connections(), 1u);
  allowed.Set();
  ExpectReply(Finish(*third), 200, "{}");
  ASSERT_TRUE(first->result && second->result);
  ExpectReply(*first->result, 200, "{}");
  ExpectReply(*second->result, 200, "{}");
  // One place, one connection after the other, and they are kept.
  EXPECT_EQ(server.accepted(), 1);
}

TEST_F(HttplibPlacesTest, AStopEndsTheWaitAndNothingIsSent) {
  Signal allowed;
  RawServer server(AnswersAfter(allowed));
  ConnectWithThreads(server, 1);
  const auto first = StartWithPlace();
  const auto cancelled = Start(Post());
  const auto late = Start(Post());
  const auto patient = Start(Post());
  RunReady();
  cancelled->context.Stop(StopReason::kCancelled);
  late->context.Stop(StopReason::kDeadline);
  ExpectFailure(Finish(*cancelled), FailureKind::kCancelled, Phase::kQueue, false);
  ExpectFailure(Finish(*late), FailureKind::kDeadline, Phase::kQueue, false);
  EXPECT_FALSE(cancelled->context.may_have_left() || late->context.may_have_left());
  allowed.Set();
  ExpectReply(Finish(*patient), 200, "{}");
  ExpectReply(Finish(*first), 200, "{}");
}

// The place is handed over and the stop comes, both in one turn: whoever is next must have it.
TEST_F(HttplibPlacesTest, APlaceThatCameTooLateIsPassedOn) {
  Signal allowed;
  RawServer server(AnswersAfter(allowed));
  ConnectWithThreads(server, 1);
  const auto first = StartWithPlace();
  const auto second = Start(Post());
  const auto third = Start(Post());
  RunReady();
  first->context.Stop(StopReason::kCancelled);
  ASSERT_TRUE(RunUntil([&] { return first->result.has_value(); }));
  second->context.Stop(StopReason::kCancelled);
  allowed.Set();
  ExpectReply(Finish(*third), 200, "{}");
  const SendResult result = Finish(*second);
  EXPECT_TRUE(std::holds_alternative<SendFailure>(result));
}

TEST_F(HttplibPlacesTest, BoundsThoseWhoWait) {
  Signal allowed;
  RawServer server(AnswersAfter(allowed));
  EngineLimits limits;
  limits.connections = 2;
  ConnectWithThreads(server, 1, limits);
  const auto first = StartWithPlace();
  const auto second = Start(Post());
  const auto third = Start(Post());
  RunReady();
  ExpectFailure(Send(Post()), FailureKind::kOverloaded, Phase::kQueue, false);
  allowed.Set();
  ExpectReply(Finish(*first), 200, "{}");
  ExpectReply(Finish(*second), 200, "{}");
  ExpectReply(Finish(*third), 200, "{}");
}

TEST_F(HttplibPlacesTest, AClosedEngineSendsNothingForThoseWhoWait) {
  Signal allowed;
  RawServer server(AnswersAfter(allowed));
  ConnectWithThreads(server, 1);
  const auto first = StartWithPlace();
  const auto second = Start(Post());
  RunReady();
  engine_->Close();
  allowed.Set();
  ExpectReply(Finish(*first), 200, "{}");
  ExpectFailure(Finish(*second), FailureKind::kOverloaded, Phase::kQueue, false);
  EXPECT_EQ(engine_->open_connections(), 0u);
}

// Many threads, connections and hand-overs at once; the thread sanitizer looks on.
TEST_F(HttplibPlacesTest, ManyExchangesShareFewThreads) {
  RawServer server([](RawConnection& peer) {
    while (!peer.ReadRequest().empty() && peer.Send(kOk)) {
    }
  });
  ConnectWithThreads(server, 4);
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < 200; ++i) calls.push_back(Start(Post()));
  for (int i = 0; i < 200; i += 7) calls[static_cast<std::size_t>(i)]->context.Stop(StopReason::kCancelled);
  for (int i = 0; i < 200; ++i) {
    const SendResult result = Finish(*calls[static_cast<std::size_t>(i)]);
    if (i % 7 != 0) ExpectReply(result, 200, "{}");
  }
  EXPECT_LE(engine_->open_connections(), 4u);
}

}  // namespace
}  // namespace session_gateway
