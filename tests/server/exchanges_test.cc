// Exchanges that outlive their callers: what the caller is told, what is still read, what is never sent.
#include "server/upstream/exchanges.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/server/engine_fixture.h"

namespace session_gateway {
namespace {

constexpr std::chrono::hours kLongLinger{1};

class ExchangesTest : public EngineTest {
 protected:
  struct Ended {
    std::optional<SendResult> result;
    std::exception_ptr exception;
    int asked_for_late_end = 0;
    std::optional<LateResult> late;
  };

  // What the caller is told is in `ended`; its late end too.
  std::unique_ptr<CallContext> Begin(Ended& ended, Duration linger = kLongLinger, std::string body = "{}") {
    exchanges_ = std::make_unique<Exchanges>(loop_, clock_, linger);
    auto caller = std::make_unique<CallContext>(clock_.Now() + kPatience);
    boost::asio::co_spawn(loop_,
                          exchanges_->Send(*engine_, Post(std::move(body)), *caller,
                                           [&ended]() -> Exchanges::LateEnd {
                                             ++ended.asked_for_late_end;
                                             return
                                                 [&ended](LateResult& late) { ended.late = std::move(late); };
                                           }),
                          [&ended](std::exception_ptr exception, SendResult result) {
                            ended.exception = exception;
                            ended.result = std::move(result);
                          });
    return caller;
  }

  bool RunUntilTold(const Ended& ended) {
    return RunUntil([&] { return ended.result.has_value(); });
  }
  bool RunUntilLate(const Ended& ended) {
    return RunUntil([&] { return ended.late.has_value(); });
  }

  std::unique_ptr<Exchanges> exchanges_;
};

TEST_F(ExchangesTest, AnAnswerInTimeIsTheCallers) {
  RawServer server([](RawConnection& peer) {
    peer.ReadRequest();
    peer.Send(kOk);
    peer.WaitForEnd();
  });
  Connect(server.port());
  Ended ended;
  const auto caller = Begin(ended);
  ASSERT_TRUE(RunUntilTold(ended));
  ExpectReply(*ended.result, 200, "{}");
  EXPECT_EQ(ended.asked_for_late_end, 0);
  EXPECT_EQ(exchanges_->lingering(), 0u);
}

TEST_F(ExchangesTest, OneThatWasSentLingersForItsAnswer) {
  for (const StopReason reason : {StopReason::kDeadline, StopReason::kCancelled}) {
    Signal asked;
    Signal answer;
    RawServer server([&](RawConnection& peer) {
      peer.ReadRequest();
      asked.Set();
      answer.Wait();
      peer.Send(kOk);
      peer.WaitForEnd();
    });
    Connect(server.port());
    Ended ended;
    const auto caller = Begin(ended);
    ASSERT_TRUE(RunUntil([&] { return asked.IsSet(); }));
    RunReady();
    caller->Stop(reason);
    ASSERT_TRUE(RunUntilTold(ended));
    ExpectFailure(*ended.result,
                  reason == StopReason::kDeadline ? FailureKind::kDeadline : FailureKind::kCancelled,
                  Phase::kWait, true);
    EXPECT_EQ(exchanges_->lingering(), 1u);
    EXPECT_FALSE(ended.late);

    answer.Set();
    ASSERT_TRUE(RunUntilLate(ended));
    ExpectReply(ended.late->result, 200, "{}");
    EXPECT_EQ(ended.late->endpoint, "http://127.0.0.1:" + std::to_string(server.port()));
    EXPECT_GE(ended.late->lingered, Duration::zero());
    EXPECT_EQ(ended.asked_for_late_end, 1);
    EXPECT_EQ(exchanges_->lingering(), 0u);
    // A whole answer to a whole request leaves a clean connection.
    EXPECT_EQ(engine_->idle_connections(), 1u);
    engine_.reset();
  }
}

TEST_F(ExchangesTest, WithinAnAnswerTheCallerGetsWhatHasCome) {
  Signal sent;
  Signal go_on;
  RawServer server([&](RawConnection& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"sessionId\":");
    peer.WaitUntilDelivered();
    sent.Set();
    go_on.Wait();
    peer.Send("1200}");
    peer.WaitForEnd();
  });
  Connect(server.port());
  Ended ended;
  const auto caller = Begin(ended);
  ASSERT_TRUE(RunUntil([&] { return sent.IsSet(); }));
  RunReady();
  caller->Stop(StopReason::kDeadline);
  ASSERT_TRUE(RunUntilTold(ended));
  ExpectReply(*ended.result, 200, "{\"sessionId\":", BodyState::kDeadline);
  go_on.Set();
  ASSERT_TRUE(RunUntilLate(ended));
  ExpectReply(ended.late->result, 200, "{\"sessionId\":1200", BodyState::kWhole);
}

TEST_F(ExchangesTest, LingeringEndsInItsTime) {
  Signal asked;
  RawServer server([&](RawConnection& peer) {
    peer.ReadRequest();
    asked.Set();
    peer.WaitForEnd();
  });
  Connect(server.port());
  for (const auto linger : {std::chrono::milliseconds(0), std::chrono::milliseconds(50)}) {
    Ended ended;
    const auto caller = Begin(ended, linger);
    ASSERT_TRUE(RunUntil([&] { return asked.IsSet(); }));
    RunReady();
    caller->Stop(StopReason::kCancelled);
    ASSERT_TRUE(RunUntilLate(ended));
    ASSERT_TRUE(ended.result);
    ExpectFailure(ended.late->result, FailureKind::kCancelled, Phase::kWait, true);
    EXPECT_GE(ended.late->lingered, linger);
    EXPECT_EQ(engine_->open_connections(), 0u);
  }
}

TEST_F(ExchangesTest, WhatHasNotLeftWholeDoesNotLinger) {
  // The peer reads one byte, so a part of the request stays here.
  Signal first_byte;
  Signal done;
  RawServer slow([&](RawConnection& peer) {
    peer.ReadMore(1);
    first_byte.Set();
    done.Wait();
  });
  Connect(slow.port());
  Ended ended;
  const auto caller = Begin(ended, kLongLinger, std::string(64 << 20, 'x'));
  ASSERT_TRUE(RunUntil([&] { return first_byte.IsSet(); }));
  RunReady();
  caller->Stop(StopReason::kDeadline);
  ASSERT_TRUE(RunUntilTold(ended));
  ExpectFailure(*ended.result, FailureKind::kDeadline, Phase::kSend, true);
  EXPECT_EQ(ended.asked_for_late_end, 0);
  EXPECT_EQ(engine_->open_connections(), 0u);
  done.Set();
}

TEST_F(ExchangesTest, WhatWasNotSentEndsWithItsCaller) {
  RawServer server([](RawConnection& peer) { peer.WaitForEnd(); });
  Connect(server.port());
  Ended ended;
  const auto caller = Begin(ended);
  caller->Stop(StopReason::kDeadline);  // before the loop has run at all
  ASSERT_TRUE(RunUntilTold(ended));
  const auto& failure = std::get<SendFailure>(*ended.result);
  EXPECT_EQ(failure.kind, FailureKind::kDeadline);
  EXPECT_FALSE(failure.sent);
  EXPECT_EQ(ended.asked_for_late_end, 0);
  EXPECT_EQ(server.accepted(), 0);
}

TEST_F(ExchangesTest, ADrainBoundsTheLingering) {
  Signal asked;
  RawServer server([&](RawConnection& peer) {
    peer.ReadRequest();
    asked.Set();
    peer.WaitForEnd();
  });
  Connect(server.port());
  Ended ended;
  const auto caller = Begin(ended);
  bool idle = false;
  ASSERT_TRUE(RunUntil([&] { return asked.IsSet(); }));
  RunReady();
  caller->Stop(StopReason::kCancelled);
  ASSERT_TRUE(RunUntilTold(ended));
  exchanges_->Drain(clock_.Now() + std::chrono::milliseconds(30), [&idle] { idle = true; });
  EXPECT_FALSE(idle);
  ASSERT_TRUE(RunUntil([&] { return idle; }));
  EXPECT_TRUE(ended.late);
  idle = false;
  exchanges_->Drain(clock_.Now(), [&idle] { idle = true; });
  EXPECT_TRUE(idle);
}

}  // namespace
}  // namespace session_gateway
