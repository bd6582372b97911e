// The engine under deadline and cancel: what was sent is told exactly, and nothing is sent too late.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "server/upstream/dialer.h"
#include "tests/server/engine_fixture.h"
#include "tests/server/raw_server.h"

namespace session_gateway {
namespace {

constexpr char kSlowName[] = "slow.invalid";

// While it lives, resolving kSlowName blocks.
struct SlowResolver {
  SlowResolver() { current = this; }
  ~SlowResolver() {
    current = nullptr;
    go_on.Set();
    if (asked > 0) answered.Wait();
  }
  const char* address = nullptr;  // what the name resolves to in the end
  std::atomic<int> asked = 0;
  std::atomic<bool> gave_up = false;
  Signal go_on;
  Signal answered;
  static std::atomic<SlowResolver*> current;  // the system's resolver takes no context
};
std::atomic<SlowResolver*> SlowResolver::current = nullptr;

}  // namespace
}  // namespace session_gateway

// Stands before the C library's in this program.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  using session_gateway::SlowResolver;
  SlowResolver* slow = SlowResolver::current;
  if (slow != nullptr && node != nullptr && std::string_view(node) == session_gateway::kSlowName) {
    const char* const address = slow->address;
    ++slow->asked;
    if (!slow->go_on.Wait()) slow->gave_up = true;
    slow->answered.Set();
    if (address == nullptr) return EAI_NONAME;
    node = address;
  }
  static const auto next = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(node, service, hints, result);
}

namespace session_gateway {
namespace {

FailureKind KindOf(StopReason reason) {
  return reason == StopReason::kDeadline ? FailureKind::kDeadline : FailureKind::kCancelled;
}

// A listening port that lets no further connection through: its queue is full and nobody accepts.
class FullListener {
 public:
  FullListener() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address_);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address_), size);
    ::listen(listener_, 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address_), &size);
    for (int i = 0; i < 4; ++i) {
      fillers_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(fillers_.back(), reinterpret_cast<sockaddr*>(&address_), sizeof(address_));
    }
  }
  ~FullListener() {
    for (const int fd : fillers_) ::close(fd);
    ::close(listener_);
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;

  std::uint16_t port() const { return ntohs(address_.sin_port); }

 private:
  int listener_ = -1;
  sockaddr_in address_ = {};
  std::vector<int> fillers_;
};

class EngineStopTest : public EngineTest, public testing::WithParamInterface<StopReason> {};

INSTANTIATE_TEST_SUITE_P(Reasons, EngineStopTest,
                         testing::Values(StopReason::kDeadline, StopReason::kCancelled),
                         [](const auto& param) {
                           return param.param == StopReason::kDeadline ? "Deadline" : "Cancelled";
                         });

// The system's resolver does not answer until the test lets it: the caller must not wait for it.
TEST_P(EngineStopTest, WhileResolving) {
  SlowResolver slow;
  Connect(80, {}, kSlowName);
  const SendResult result = SendAndStop(Post(), GetParam(), [&] { return slow.asked > 0; });
  EXPECT_FALSE(slow.gave_up);
  ExpectFailure(result, KindOf(GetParam()), Phase::kResolve, false);
  EXPECT_EQ(engine_->open_connections(), 0u);
}

// Calls that come and go while the resolver hangs leave nothing behind in its queue.
TEST_F(EngineTest, ResolvesOnceForAllWhoWait) {
  RawServer server([](RawConnection& peer) {
    while (!peer.ReadRequest().empty()) peer.Send(kOk);
  });
  SlowResolver slow;
  slow.address = "127.0.0.1";
  Connect(server.port(), {}, kSlowName);
  for (int round = 0; round < 2; ++round) {
    std::vector<std::unique_ptr<Call>> calls;
    for (int i = 0; i < 50; ++i) calls.push_back(Start(Post()));
    ASSERT_TRUE(RunUntil([&] { return engine_->open_connections() == 50 && slow.asked > 0; }));
    for (const auto& call : calls) call->context.Stop(StopReason::kDeadline);
    for (const auto& call : calls) {
      ExpectFailure(Finish(*call), FailureKind::kDeadline, Phase::kResolve, false);
    }
    EXPECT_EQ(engine_->open_connections(), 0u);
  }
  const auto first = Start(Post());
  const auto second = Start(Post());
  ASSERT_TRUE(RunUntil([&] { return engine_->open_connections() == 2; }));
  slow.go_on.Set();
  ExpectReply(Finish(*first), 200, "{}");
  ExpectReply(Finish(*second), 200, "{}");
  EXPECT_EQ(slow.asked, 1);
  EXPECT_FALSE(slow.gave_up);

  // What was resolved is not remembered: of three calls two find a kept connection, one resolves anew.
  const auto third = Start(Post());
  const auto fourth = Start(Post());
  const auto fifth = Start(Post());
  for (Call* call : {&*third, &*fourth, &*fifth}) ExpectReply(Finish(*call), 200, "{}");
  EXPECT_EQ(slow.asked, 2);
}

TEST_F(EngineTest, ALookupFailsForAllWhoWait) {
  SlowResolver slow;
  Connect(80, {}, kSlowName);
  const auto first = Start(Post());
  const auto second = Start(Post());
  ASSERT_TRUE(RunUntil([&] { return engine_->open_connections() == 2 && slow.asked > 0; }));
  slow.go_on.Set();
  for (Call* call : {&*first, &*second}) {
    ExpectFailure(Finish(*call), FailureKind::kUnreachable, Phase::kResolve, false);
  }
  EXPECT_EQ(slow.asked, 1);
  EXPECT_EQ(engine_->open_connections(), 0u);
}

TEST_F(EngineTest, ANameThatHangsHoldsUpNeitherOthersNorTheEnd) {
  RawServer server([](RawConnection& peer) {
    while (!peer.ReadRequest().empty()) peer.Send(kOk);
  });
  SlowResolver slow;
  Connect(80, {}, kSlowName);
  SendAndStop(Post(), StopReason::kDeadline, [&] { return slow.asked > 0; });
  Connect(server.port(), {}, "localhost");
  ExpectReply(Send(Post()), 200, "{}");
  engine_->Close();
  loop_.restart();
  loop_.run();
  EXPECT_EQ(slow.asked, 1);
  EXPECT_FALSE(slow.gave_up) << "it was waited for";
}

TEST_P(EngineStopTest, WhileConnecting) {
  FullListener listener;
  Connect(listener.port());
  const SendResult result = SendAndStop(Post(), GetParam(), [&] { return engine_->open_connections() == 1; });
  ExpectFailure(result, KindOf(GetParam()), Phase::kConnect, false);
  EXPECT_EQ(engine_->open_connections(), 0u);
}

TEST_P(EngineStopTest, WhileSending) {
  std::atomic<bool> began = false;
  // More than the systems' buffers take before the peer reads on.
  Signal hold;
  RawServer server([&](RawConnection& peer) {
    peer.ReadMore(1);
    began = true;
    hold.Wait();
  });
  Connect(server.port());
  const SendResult result =
      SendAndStop(Post(std::string(64 * 1024 * 1024, 'b')), GetParam(), [&] { return began.load(); });
  ExpectFailure(result, KindOf(GetParam()), Phase::kSend, true);
  EXPECT_EQ(engine_->open_connections(), 0u);
  hold.Set();
}

TEST_P(EngineStopTest, WhileWaiting) {
  std::atomic<bool> asked = false;
  RawServer server([&](RawConnection& peer) {
    peer.ReadRequest();
    asked = true;
    peer.WaitForEnd();
  });
  Connect(server.port());
  const SendResult result = SendAndStop(Post(), GetParam(), [&] { return asked.load(); });
  ExpectFailure(result, KindOf(GetParam()), Phase::kWait, true);
  EXPECT_EQ(engine_->open_connections(), 0u);
}

// The answer drips in for ever; the stop comes from a timer of the call's frame.
TEST_P(EngineStopTest, WhileAHeaderDrips) {
  std::atomic<bool> begun = false;
  RawServer server([&](RawConnection& peer) {
    peer.ReadRequest();
    bool open = peer.Send("HTTP/1.1 200 OK\r\nA: ");
    while (open) {
      peer.WaitUntilDelivered();
      begun = true;
      open = peer.Send("b");
    }
  });
  EngineLimits limits;
  limits.answer_header_bytes = 1024 * 1024 * 1024;
  Connect(server.port(), limits);
  const auto call = Start(Post());
  ASSERT_TRUE(RunUntil([&] { return begun.load(); }));
  RunReady();
  LoopTimer deadline(loop_, std::chrono::milliseconds(20));
  deadline.async_wait([&](const boost::system::error_code&) { call->context.Stop(GetParam()); });
  ExpectFailure(Finish(*call), KindOf(GetParam()), Phase::kReceive, true);
  EXPECT_EQ(engine_->open_connections(), 0u);
}

TEST_P(EngineStopTest, WhileABodyIsCutShort) {
  std::atomic<bool> delivered = false;
  RawServer server([&](RawConnection& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    peer.WaitUntilDelivered();
    delivered = true;
    peer.WaitForEnd();
  });
  Connect(server.port());
  const SendResult result = SendAndStop(Post(), GetParam(), [&] { return delivered.load(); });
  if (GetParam() == StopReason::kDeadline) {
    ExpectReply(result, 200, "abc", BodyState::kDeadline);
  } else {
    ExpectFailure(result, FailureKind::kCancelled, Phase::kReceive, true);
  }
  EXPECT_EQ(engine_->open_connections(), 0u);
}

TEST_P(EngineStopTest, BeforeItBegins) {
  RawServer server([](RawConnection& peer) { peer.WaitForEnd(); });
  Connect(server.port());
  const auto call = Start(Post());
  call->context.Stop(GetParam());
  ExpectFailure(Finish(*call), KindOf(GetParam()), Phase::kQueue, false);
  EXPECT_EQ(server.accepted(), 0);
}

TEST_F(EngineTest, SendsNothingAfterTheDeadline) {
  std::atomic<bool> got_bytes = false;
  RawServer server([&](RawConnection& peer) { got_bytes = peer.ReadMore(); });
  Connect(server.port());
  ExpectFailure(Finish(*Start(Post(), Duration::zero())), FailureKind::kDeadline, Phase::kQueue, false);
  EXPECT_EQ(server.accepted(), 0);

  // The deadline comes while the connection is made, and the frame's timer has not fired yet.
  const auto call = Start(Post());
  ASSERT_TRUE(RunUntil([&] { return engine_->open_connections() == 1; }));
  clock_.ahead = 2 * Duration(kPatience);
  ExpectFailure(Finish(*call), FailureKind::kDeadline, Phase::kSend, false);
  EXPECT_EQ(engine_->open_connections(), 0u);
  ASSERT_TRUE(RunUntil([&] { return server.ended() == 1; }));
  EXPECT_FALSE(got_bytes);
}

// The stop comes after the socket has handed over the whole answer and before the call goes on: the answer
// counts, the connection does not.
TEST_F(EngineTest, AnAnswerInTheTurnOfAStopCounts) {
  Signal delivered;
  RawServer server([&](RawConnection& peer) {
    peer.Send(kOk);
    peer.WaitUntilDelivered();
    delivered.Set();
    peer.WaitForEnd();
  });
  Connect(server.port());
  const auto call = Start(Post());
  ASSERT_TRUE(RunUntil([&] { return engine_->open_connections() == 1; }));
  ASSERT_TRUE(delivered.Wait());
  // The engine asks for the time once more, just before it writes and reads: the stop stands before both in
  // line.
  clock_.on_now = [&] { boost::asio::post(loop_, [&] { call->context.Stop(StopReason::kDeadline); }); };
  ExpectReply(Finish(*call), 200, "{}");
  EXPECT_EQ(call->context.stopped(), StopReason::kDeadline);
  EXPECT_EQ(engine_->open_connections(), 0u);
}

TEST_F(EngineTest, GoesOnToTheNextAddress) {
  FullListener silent;
  RawServer server([](RawConnection& peer) { peer.WaitForEnd(); });
  const auto loopback = boost::asio::ip::address_v4::loopback();
  const std::vector<TcpAddress> addresses = {TcpAddress(loopback, silent.port()),
                                             TcpAddress(loopback, server.port())};
  TcpSocket socket(loop_.get_executor());
  CallContext context(clock_.Now() + std::chrono::seconds(1));
  bool ended = false;
  std::optional<SendFailure> failure;
  boost::asio::co_spawn(loop_, session_gateway::Connect(socket, addresses, context, clock_),
                        [&](std::exception_ptr, std::optional<SendFailure> result) {
                          ended = true;
                          failure = std::move(result);
                        });
  ASSERT_TRUE(RunUntil([&] { return ended; }));
  EXPECT_FALSE(failure.has_value());
  EXPECT_TRUE(socket.is_open());
  EXPECT_LT(clock_.Now(), context.deadline());
}

// A loop that is torn down with calls in it frees them; the sanitizers see what it leaves.
TEST(EngineLoop, MayEndWithCallsInIt) {
  RawServer server([](RawConnection& peer) { peer.WaitForEnd(); });
  TestClock clock;
  Call waiting(clock.Now() + kPatience);
  waiting.request.method = "POST";
  waiting.request.path = "/x";
  Call sending(clock.Now() + kPatience);
  sending.request = waiting.request;
  sending.request.body = std::string(64 * 1024 * 1024, 'b');
  Loop loop{1};
  EngineLimits limits;
  limits.kind = EngineUnderTest();
  const auto engine = MakeEngine(loop, {"http", "127.0.0.1", server.port(), ""}, limits, clock, nullptr);
  for (Call* call : {&waiting, &sending}) {
    boost::asio::co_spawn(loop, engine->Send(call->request, call->context),
                          [](std::exception_ptr, const SendResult&) {});
  }
  while (server.accepted() < 2 || engine->open_connections() < 2) {
    loop.run_one_for(std::chrono::milliseconds(5));
  }
  loop.poll();
  EXPECT_EQ(engine->open_connections(), 2u);
}

}  // namespace
}  // namespace session_gateway
