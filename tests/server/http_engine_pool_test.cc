// The engine's connections: which are used again, which are not, and their bounds.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <string>

#include "tests/server/engine_fixture.h"
#include "tests/server/raw_server.h"

namespace session_gateway {
namespace {

// Answers every request of a connection alike.
RawServer::Script Always(std::string text) {
  return [text = std::move(text)](RawConnection& peer) {
    while (!peer.ReadRequest().empty()) peer.Send(text);
  };
}

TEST_F(EngineTest, ReusesAConnection) {
  RawServer server(Always(kOk));
  Connect(server.port());
  for (int i = 0; i < 5; ++i) ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(engine_->open_connections(), 1u);
}

TEST_F(EngineTest, ReusesAConnectionWhateverTheStatus) {
  RawServer server(Always("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"));
  Connect(server.port());
  for (int i = 0; i < 3; ++i) ExpectReply(Send(Post()), 404, "none");
  EXPECT_EQ(server.accepted(), 1);
}

TEST_F(EngineTest, DoesNotReuseWhatThePeerCloses) {
  RawServer server(Always("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"));
  Connect(server.port());
  for (int i = 0; i < 2; ++i) ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(server.accepted(), 2);
  EXPECT_EQ(engine_->open_connections(), 0u);
}

TEST_F(EngineTest, DropsASecondAnswerInTheSameSegment) {
  RawServer server(Always(std::string(kOk) + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nEVIL!"));
  Connect(server.port());
  for (int i = 0; i < 3; ++i) ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(server.accepted(), 3);
}

// What the peer does to a connection at rest; the next call must not notice.
enum class Meanwhile { kTimeout, kAnswer, kEnd };

class EngineIdleTest : public EngineTest, public testing::WithParamInterface<Meanwhile> {};

INSTANTIATE_TEST_SUITE_P(All, EngineIdleTest,
                         testing::Values(Meanwhile::kTimeout, Meanwhile::kAnswer, Meanwhile::kEnd));

TEST_P(EngineIdleTest, DoesNotReachTheNextCall) {
  Signal first_done;
  Signal disturbed;
  RawServer server([&](RawConnection& peer) {
    peer.ReadRequest();
    peer.Send(kOk);
    if (peer.index() == 0) {
      first_done.Wait();
      if (GetParam() == Meanwhile::kTimeout) {
        peer.Send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
      } else if (GetParam() == Meanwhile::kAnswer) {
        peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nEVIL!");
      } else {
        peer.EndSending();
      }
      peer.WaitUntilDelivered();
      disturbed.Set();
    }
    peer.WaitForEnd();
  });
  Connect(server.port());
  ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(engine_->idle_connections(), 1u);
  first_done.Set();
  ASSERT_TRUE(disturbed.Wait());
  ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(server.accepted(), 2);
  EXPECT_EQ(engine_->open_connections(), 1u);
}

// Lost after the request was written: told, and not sent again.
TEST_F(EngineTest, DoesNotRepeatOnAReusedConnection) {
  std::atomic<int> requests = 0;
  RawServer server([&](RawConnection& peer) {
    peer.ReadRequest();
    ++requests;
    peer.Send(kOk);
    if (!peer.ReadRequest().empty()) ++requests;
  });
  Connect(server.port());
  ExpectReply(Send(Post()), 200, "{}");
  ExpectFailure(Send(Post()), FailureKind::kLost, Phase::kWait, true);
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(requests, 2);
}

bool IsEstablished(std::uint16_t server_port) {
  char remote[16];
  std::snprintf(remote, sizeof(remote), ":%04X 01", server_port);
  std::ifstream table("/proc/net/tcp");
  for (std::string line; std::getline(table, line);) {
    if (line.find(remote) != std::string::npos) return true;
  }
  return false;
}

// The peer resets between the look at the connection and the first byte: nothing was taken, so nothing was
// sent, and what the peer said before is the answer to nothing.
TEST_F(EngineTest, KnowsThatNothingWasSent) {
  for (const std::string last_words : {"", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"}) {
    SCOPED_TRACE(last_words);
    Signal reset;
    RawServer server([&](RawConnection& peer) {
      peer.ReadRequest();
      peer.Send(kOk);
      reset.Wait();
      peer.Send(last_words);
      peer.WaitUntilDelivered();
      peer.ResetAtEnd();
    });
    Connect(server.port());
    ExpectReply(Send(Post()), 200, "{}");
    const auto call = Start(Post());
    // The time is asked for when the call begins, when a connection is taken, and last before it is used.
    clock_.on_now = [&] {
      clock_.on_now = [&] {
        clock_.on_now = [&] {
          reset.Set();
          while (server.ended() == 0 || IsEstablished(server.port())) std::this_thread::yield();
        };
      };
    };
    ExpectFailure(Finish(*call), FailureKind::kLost, last_words.empty() ? Phase::kSend : Phase::kReceive,
                  false);
    EXPECT_EQ(server.accepted(), 1);
    EXPECT_EQ(engine_->open_connections(), 0u);
  }
}

TEST_F(EngineTest, ReplacesWhatRestedTooLong) {
  RawServer server(Always(kOk));
  Connect(server.port());
  ExpectReply(Send(Post()), 200, "{}");
  clock_.ahead += EngineLimits{}.idle_max - std::chrono::seconds(1);
  ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(server.accepted(), 1);
  clock_.ahead += EngineLimits{}.idle_max;
  ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(server.accepted(), 2);
  EXPECT_EQ(engine_->open_connections(), 1u);
}

TEST_F(EngineTest, ReplacesWhatIsTooOld) {
  EngineLimits limits;
  limits.age_max = std::chrono::seconds(12);
  RawServer server(Always(kOk));
  Connect(server.port(), limits);
  for (int i = 0; i < 3; ++i) {
    ExpectReply(Send(Post()), 200, "{}");
    EXPECT_EQ(server.accepted(), 1);
    clock_.ahead += std::chrono::seconds(5);
  }
  ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(server.accepted(), 2);
}

TEST_F(EngineTest, SweepsWhatRestedTooLong) {
  EngineLimits limits;
  limits.idle_max = std::chrono::milliseconds(20);
  RawServer server(Always(kOk));
  Connect(server.port(), limits);
  ExpectReply(Send(Post()), 200, "{}");
  EXPECT_TRUE(RunUntil([&] { return server.ended() == 1; }));
  EXPECT_EQ(engine_->open_connections(), 0u);
}

TEST_F(EngineTest, BoundsOpenConnections) {
  EngineLimits limits;
  limits.connections = 2;
  Signal go_on;
  std::atomic<int> asked = 0;
  RawServer server([&](RawConnection& peer) {
    while (!peer.ReadRequest().empty()) {
      ++asked;
      go_on.Wait();
      peer.Send(kOk);
    }
  });
  Connect(server.port(), limits);
  const auto first = Start(Post());
  const auto second = Start(Post());
  ASSERT_TRUE(RunUntil([&] { return asked == 2; }));
  ExpectFailure(Send(Post()), FailureKind::kOverloaded, Phase::kQueue, false);
  go_on.Set();
  ExpectReply(Finish(*first), 200, "{}");
  ExpectReply(Finish(*second), 200, "{}");
  ExpectReply(Send(Post()), 200, "{}");
  EXPECT_EQ(server.accepted(), 2);
}

TEST_F(EngineTest, BoundsIdleConnections) {
  EngineLimits limits;
  limits.idle_connections = 1;
  Signal go_on;
  std::atomic<int> asked = 0;
  RawServer server([&](RawConnection& peer) {
    while (!peer.ReadRequest().empty()) {
      ++asked;
      go_on.Wait();
      peer.Send(kOk);
    }
  });
  Connect(server.port(), limits);
  const auto first = Start(Post());
  const auto second = Start(Post());
  ASSERT_TRUE(RunUntil([&] { return asked == 2; }));
  go_on.Set();
  ExpectReply(Finish(*first), 200, "{}");
  ExpectReply(Finish(*second), 200, "{}");
  EXPECT_EQ(engine_->idle_connections(), 1u);
  EXPECT_EQ(engine_->open_connections(), 1u);
}

TEST_F(EngineTest, ClosesAndLetsTheLoopRunOut) {
  Signal go_on;
  std::atomic<int> asked = 0;
  RawServer server([&](RawConnection& peer) {
    while (!peer.ReadRequest().empty()) {
      if (++asked > 1) go_on.Wait();
      peer.Send(kOk);
    }
  });
  Connect(server.port());
  ExpectReply(Send(Post()), 200, "{}");
  const auto running = Start(Post());
  ASSERT_TRUE(RunUntil([&] { return asked == 2; }));
  engine_->Close();
  ExpectFailure(Send(Post()), FailureKind::kOverloaded, Phase::kQueue, false);
  go_on.Set();
  ExpectReply(Finish(*running), 200, "{}");
  EXPECT_EQ(engine_->open_connections(), 0u);
  loop_.restart();
  loop_.run();  // returns: nothing is left to wait for
  EXPECT_EQ(server.accepted(), 1);
}

}  // namespace
}  // namespace session_gateway
