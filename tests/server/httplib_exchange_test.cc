// The exchange of the engine in threads at the seams between its two threads: stops and want of memory.
#include "server/upstream/httplib_exchange.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "tests/server/engine_fixture.h"
#include "tests/steps/failing_new.h"

namespace session_gateway {
namespace {

// The peer's system takes nothing, though it is always said to be ready for more.
class FullConnection final : public BlockingConnection {
 public:
  FullConnection() : BlockingConnection(TimePoint()) {
    std::array<int, 2> ends = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    Adopt(ends[0]);
    peer_ = ends[1];
  }
  ~FullConnection() override { ::close(peer_); }

  IoNeed Shake(std::optional<SendFailure>&) override { return IoNeed::kNothing; }
  void StartWrite(std::string_view, std::string_view) override { write_ = {false, {}, 0}; }
  IoNeed ContinueWrite() override {
    ++tries;
    if (stopped) ++tries_after_the_stop;
    return IoNeed::kWrite;
  }
  IoNeed Read(std::string_view&, ErrorCode&) override { return IoNeed::kRead; }
  bool Quiet() override { return true; }

  std::atomic<bool> stopped = false;
  std::atomic<int> tries = 0;
  std::atomic<int> tries_after_the_stop = 0;

 private:
  int peer_ = -1;
};

// Whoever was told that nothing has left must not be lied to.
TEST(HttplibExchange, WritesNothingOnceItWasAbandoned) {
  constexpr int kRounds = 300;
  const std::string origin = "http://127.0.0.1:1";
  WorkerTools tools;
  for (int round = 0; round < kRounds; ++round) {
    FullConnection connection;
    HttplibExchange exchange(connection, EngineLimits(), origin, [] {});
    exchange.Begin("head", "body");
    std::thread worker([&] { exchange.Work(tools); });
    while (connection.tries < 3) std::this_thread::yield();
    exchange.Abandon();
    connection.stopped = true;
    worker.join();
    ASSERT_EQ(connection.tries_after_the_stop, 0) << "in round " << round;
  }
}

struct MemoryCall {
  explicit MemoryCall(TimePoint deadline) : context(deadline) {}
  CallContext context;
  bool ended = false;
  bool threw = false;
  std::optional<SendResult> result;
};

class HttplibMemoryTest : public EngineTest {
 protected:
  // One exchange on a kept connection, of which the allocation with this number fails on the loop (0: none)
  // before it waits for the first time.
  AllocationReport Exchange(int number, MemoryCall& call) {
    boost::asio::co_spawn(loop_, engine_->Send(request_, call.context),
                          [&call](std::exception_ptr error, SendResult result) {
                            call.ended = true;
                            call.threw = error != nullptr;
                            call.result = std::move(result);
                          });
    CountAllocationsHere(true);
    BeginAllocations(number);
    loop_.restart();
    loop_.poll_one();
    const AllocationReport report = EndAllocations();
    CountAllocationsHere(false);
    EXPECT_TRUE(RunUntil([&call] { return call.ended; }));
    return report;
  }

  const HttpRequest request_ = Post();
};

// Boost ends the program when there is no memory for the wait itself, which comes last.
TEST_F(HttplibMemoryTest, WhatHasLeftIsNeverToldAsNotSent) {
  constexpr int kAllocationsOfTheWait = 3;
  std::atomic<int> requests = 0;
  RawServer server([&requests](RawConnection& peer) {
    while (!peer.ReadRequest().empty()) {
      ++requests;
      if (!peer.Send(kOk)) return;
    }
  });
  EngineLimits limits;
  limits.kind = EngineKind::kHttplib;
  engine_ = MakeEngine(loop_, Endpoint{"http", "127.0.0.1", server.port(), ""}, limits, clock_, nullptr);
  ExpectReply(Send(Post()), 200, "{}");
  MemoryCall clean(clock_.Now() + kPatience);
  const int all = Exchange(0, clean).all;
  ASSERT_GT(all, 5);
  int left = 0;
  for (int number = 1; number <= all - kAllocationsOfTheWait; ++number) {
    SCOPED_TRACE(number);
    ExpectReply(Send(Post()), 200, "{}");
    const int before = requests;
    MemoryCall call(clock_.Now() + kPatience);
    Exchange(number, call);
    EXPECT_EQ(call.threw, !call.context.may_have_left());
    if (call.threw) {
      EXPECT_EQ(requests, before);
    } else if (const auto* failure = std::get_if<SendFailure>(&*call.result)) {
      ++left;
      EXPECT_TRUE(failure->sent) << failure->detail;
    }
  }
  EXPECT_GT(left, 0);
  EXPECT_LE(engine_->open_connections(), 1u);
}

}  // namespace
}  // namespace session_gateway
