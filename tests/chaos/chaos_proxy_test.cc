// The proxy by itself, between a plain client and a plain server: the suites that stand on it count bytes, so
// every byte is counted here.
#include "tests/chaos/chaos_proxy.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <condition_variable>

#include "tests/server/raw_server.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience = std::chrono::seconds(20);

// What reading a connection to its end gave.
struct Reading {
  std::string text;
  bool reset = false;
};

class Client {
 public:
  explicit Client(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const timeval patience = {20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    error_ = connected_ ? 0 : errno;
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  int error() const { return error_; }
  void Send(std::string_view text) const { ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  void EndSending() const { ::shutdown(fd_, SHUT_WR); }
  std::string Read(std::size_t bytes) const {
    std::string text(bytes, '\0');
    const ssize_t n = bytes == 0 ? 0 : ::recv(fd_, text.data(), bytes, MSG_WAITALL);
    text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return text;
  }
  Reading ReadToEnd() const {
    Reading reading;
    char byte = 0;
    ssize_t n = 0;
    while ((n = ::recv(fd_, &byte, 1, 0)) == 1) reading.text += byte;
    EXPECT_FALSE(n < 0 && errno == EAGAIN) << "the connection did not end";
    reading.reset = n < 0;
    return reading;
  }
  bool HasNothing() const {
    pollfd input = {fd_, POLLIN, 0};
    return ::poll(&input, 1, 0) == 0;
  }

 private:
  int fd_;
  bool connected_ = false;
  int error_ = 0;
};

// An upstream that remembers all it gets, and answers each connection's first `ask` bytes with `answer`.
class Upstream {
 public:
  Upstream(std::size_t ask, std::string answer)
      : ask_(ask), answer_(std::move(answer)), server_([this](RawConnection& raw) { Serve(raw); }) {}

  int port() const { return server_.port(); }
  int accepted() const { return server_.accepted(); }
  // What the connections brought, once so many have ended.
  std::string WaitForText(int ended) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return ended_ >= ended; });
    return text_;
  }

 private:
  void Serve(RawConnection& raw) {
    std::string text;
    bool answered = false;
    do {
      text += raw.TakeBuffered();
      if (!answered && text.size() >= ask_) answered = raw.Send(answer_);
    } while (raw.ReadMore());
    const std::lock_guard lock(mutex_);
    text_ += text;
    ++ended_;
    changed_.notify_all();
  }

  const std::size_t ask_;
  const std::string answer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  int ended_ = 0;
  RawServer server_;
};

ChaosPlan RequestEnd(std::uint64_t after, ChaosEnd end) {
  ChaosPlan plan;
  plan.request.end_after = after;
  plan.request.end = end;
  return plan;
}

ChaosPlan AnswerEnd(std::uint64_t after, ChaosEnd end) {
  ChaosPlan plan;
  plan.answer.end_after = after;
  plan.answer.end = end;
  return plan;
}

bool AllClosed(const ChaosTotals& totals) { return totals.accepted > 0 && totals.open == 0; }

constexpr char kRequest[] = "0123456789";
constexpr char kAnswer[] = "abcdefghij";

class ChaosProxyTest : public testing::Test {
 protected:
  Upstream upstream_{10, kAnswer};
  ChaosProxy proxy_{{.upstream_port = upstream_.port(), .keep_bytes = 64}};
};

TEST_F(ChaosProxyTest, ForwardsAndCounts) {
  Client client(proxy_.port());
  client.Send(kRequest);
  EXPECT_EQ(client.Read(10), kAnswer);
  client.EndSending();
  const Reading end = client.ReadToEnd();
  EXPECT_EQ(end.text, "");
  EXPECT_FALSE(end.reset);
  EXPECT_EQ(upstream_.WaitForText(1), kRequest);
  ASSERT_TRUE(proxy_.WaitFor(AllClosed, kPatience));
  const ChaosConnection seen = proxy_.last();
  EXPECT_EQ(seen.request.forwarded, 10u);
  EXPECT_EQ(seen.request.text, kRequest);
  EXPECT_EQ(seen.answer.forwarded, 10u);
  EXPECT_EQ(seen.answer.text, kAnswer);
  EXPECT_EQ(proxy_.totals().ended, 0);
}

TEST_F(ChaosProxyTest, CutsTheRequestAfterEachByte) {
  for (const ChaosEnd end : {ChaosEnd::kClose, ChaosEnd::kReset}) {
    for (std::uint64_t n = 0; n < 10; ++n) {
      Upstream upstream(100, "");
      ChaosProxy proxy({.upstream_port = upstream.port()});
      proxy.SetPlan(RequestEnd(n, end));
      Client client(proxy.port());
      client.Send(kRequest);
      const Reading reading = client.ReadToEnd();
      EXPECT_EQ(reading.text, "");
      EXPECT_EQ(reading.reset, end == ChaosEnd::kReset);
      EXPECT_EQ(proxy.last().request.forwarded, n);
      // A server may or may not read what came before a reset.
      if (end == ChaosEnd::kClose) {
        EXPECT_EQ(upstream.WaitForText(1), std::string(kRequest, n));
      }
    }
  }
}

TEST_F(ChaosProxyTest, CutsTheAnswerAfterEachByte) {
  for (const ChaosEnd end : {ChaosEnd::kClose, ChaosEnd::kReset, ChaosEnd::kHalfClose}) {
    for (std::uint64_t n = 0; n <= 10; ++n) {
      proxy_.SetPlan(AnswerEnd(n, end));
      Client client(proxy_.port());
      client.Send(kRequest);
      const Reading reading = client.ReadToEnd();
      EXPECT_EQ(reading.text, std::string(kAnswer, n));
      EXPECT_EQ(reading.reset, end == ChaosEnd::kReset);
      const ChaosConnection seen = proxy_.last();
      EXPECT_EQ(seen.answer.forwarded, n);
      EXPECT_TRUE(seen.answer.ended);
    }
  }
}

TEST_F(ChaosProxyTest, AHalfClosedRequestLetsTheAnswerThrough) {
  Upstream upstream(4, kAnswer);
  proxy_.SetUpstream(upstream.port());
  proxy_.SetPlan(RequestEnd(4, ChaosEnd::kHalfClose));
  Client client(proxy_.port());
  client.Send(kRequest);
  EXPECT_EQ(upstream.WaitForText(1), "0123");
  EXPECT_EQ(client.ReadToEnd().text, kAnswer);
}

TEST_F(ChaosProxyTest, AStalledRequestStandsStillAndIsClosedWithTheClient) {
  for (const ChaosEnd end : {ChaosEnd::kStall, ChaosEnd::kDrop}) {
    Upstream upstream(100, "");
    proxy_.SetUpstream(upstream.port());
    proxy_.SetPlan(RequestEnd(4, end));
    {
      Client client(proxy_.port());
      client.Send(kRequest);
      EXPECT_TRUE(proxy_.WaitFor([](const ChaosTotals& totals) { return totals.ended == totals.accepted; },
                                 kPatience));
      client.Send(kRequest);
      if (end == ChaosEnd::kDrop) {
        EXPECT_TRUE(proxy_.WaitFor([](const ChaosTotals& totals) { return totals.request_received >= 20; },
                                   kPatience));
      }
      EXPECT_TRUE(client.HasNothing());
    }
    EXPECT_TRUE(proxy_.WaitFor(AllClosed, kPatience));
    EXPECT_EQ(proxy_.last().request.forwarded, 4u);
    upstream.WaitForText(1);
  }
}

TEST_F(ChaosProxyTest, AStalledAnswerStandsStill) {
  proxy_.SetPlan(AnswerEnd(3, ChaosEnd::kStall));
  {
    Client client(proxy_.port());
    client.Send(kRequest);
    EXPECT_EQ(client.Read(3), "abc");
    EXPECT_TRUE(client.HasNothing());
    client.Send("more");
    EXPECT_TRUE(
        proxy_.WaitFor([](const ChaosTotals& totals) { return totals.request_forwarded == 14; }, kPatience));
  }
  EXPECT_TRUE(proxy_.WaitFor(AllClosed, kPatience));
  EXPECT_EQ(proxy_.last().answer.forwarded, 3u);
}

TEST_F(ChaosProxyTest, RefusesInAllWays) {
  proxy_.SetPlan({.accept = ChaosAccept::kReset});
  EXPECT_TRUE(Client(proxy_.port()).ReadToEnd().reset);
  proxy_.SetPlan({.accept = ChaosAccept::kClose});
  EXPECT_FALSE(Client(proxy_.port()).ReadToEnd().reset);
  proxy_.SetListening(ChaosListening::kClosed);
  EXPECT_EQ(Client(proxy_.port()).error(), ECONNREFUSED);
  EXPECT_EQ(proxy_.totals().request_received, 0u);
  proxy_.SetListening(ChaosListening::kOpen);
  proxy_.Forward();
  Client client(proxy_.port());
  client.Send(kRequest);
  EXPECT_EQ(client.Read(10), kAnswer);
  EXPECT_EQ(upstream_.accepted(), 1);
}

TEST_F(ChaosProxyTest, AFullListenerLeavesConnectsHanging) {
  proxy_.SetListening(ChaosListening::kFull);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(proxy_.port()));
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), -1);
  EXPECT_EQ(errno, EINPROGRESS);
  pollfd connected = {fd, POLLOUT, 0};
  EXPECT_EQ(::poll(&connected, 1, 100), 0);
  ::close(fd);
  proxy_.SetListening(ChaosListening::kOpen);
  Client client(proxy_.port());
  client.Send(kRequest);
  EXPECT_EQ(client.Read(10), kAnswer);
}

TEST_F(ChaosProxyTest, BlackHolesNeverAnswer) {
  proxy_.PlanNext({.accept = ChaosAccept::kIgnore});
  proxy_.PlanNext({.accept = ChaosAccept::kSwallow});
  {
    Client ignored(proxy_.port());
    EXPECT_TRUE(proxy_.WaitFor([](const ChaosTotals& totals) { return totals.accepted == 1; }, kPatience));
    Client swallowed(proxy_.port());
    ignored.Send(kRequest);
    swallowed.Send(kRequest);
    EXPECT_TRUE(
        proxy_.WaitFor([](const ChaosTotals& totals) { return totals.request_received == 10; }, kPatience));
    EXPECT_TRUE(ignored.HasNothing());
    EXPECT_TRUE(swallowed.HasNothing());
  }
  EXPECT_TRUE(proxy_.WaitFor(AllClosed, kPatience));
  EXPECT_EQ(proxy_.totals().request_forwarded, 0u);
  EXPECT_EQ(proxy_.totals().request_received, 10u);
  EXPECT_EQ(upstream_.accepted(), 0);
}

TEST_F(ChaosProxyTest, DelaysAndDripsBothWays) {
  ChaosPlan plan;
  plan.request = {.delay = milliseconds(30), .drip_bytes = 3, .drip_interval = milliseconds(5)};
  plan.answer = plan.request;
  proxy_.SetPlan(plan);
  const auto begun = std::chrono::steady_clock::now();
  Client client(proxy_.port());
  client.Send(kRequest);
  EXPECT_EQ(client.Read(10), kAnswer);
  // Twice the delay and three intervals.
  EXPECT_GE(std::chrono::steady_clock::now() - begun, milliseconds(90));
}

TEST_F(ChaosProxyTest, PlansAreTakenInTheirOrder) {
  Upstream other(10, "the other");
  proxy_.SetChooser([](int index) { return AnswerEnd(static_cast<std::uint64_t>(index), ChaosEnd::kClose); });
  proxy_.PlanNext({.upstream_port = other.port()});
  const auto answer = [&] {
    Client client(proxy_.port());
    client.Send(kRequest);
    client.EndSending();
    return client.ReadToEnd().text;
  };
  EXPECT_EQ(answer(), "the other");
  EXPECT_EQ(answer(), "a");
  EXPECT_EQ(answer(), "ab");
  proxy_.SetPlan(AnswerEnd(5, ChaosEnd::kClose));
  EXPECT_EQ(answer(), "abcde");
  proxy_.Forward();
  EXPECT_EQ(answer(), kAnswer);
  EXPECT_EQ(proxy_.connections().size(), 5u);
  EXPECT_EQ(proxy_.connections()[2].answer.text, "ab");
}

TEST_F(ChaosProxyTest, EndsWhatIsOpen) {
  Client first(proxy_.port());
  first.Send(kRequest);
  EXPECT_EQ(first.Read(10), kAnswer);
  proxy_.EndOpen(ChaosEnd::kReset);
  EXPECT_TRUE(first.ReadToEnd().reset);
  Client second(proxy_.port());
  second.Send(kRequest);
  EXPECT_EQ(second.Read(10), kAnswer);
  proxy_.EndOpen(ChaosEnd::kClose);
  EXPECT_FALSE(second.ReadToEnd().reset);
}

TEST_F(ChaosProxyTest, AnUpstreamThatIsNotThereResets) {
  ChaosProxy dead({.upstream_port = 1});
  proxy_.SetUpstream(dead.port());
  dead.SetListening(ChaosListening::kClosed);
  EXPECT_TRUE(Client(proxy_.port()).ReadToEnd().reset);
}

TEST_F(ChaosProxyTest, MuchGoesThroughSmallBuffers) {
  const std::string much(3'000'000, 'x');
  Upstream upstream(much.size(), much);
  ChaosProxy proxy({.upstream_port = upstream.port(), .receive_buffer_bytes = 4096});
  Client client(proxy.port());
  std::thread sender([&] { client.Send(much); });
  EXPECT_EQ(client.Read(much.size()).size(), much.size());
  sender.join();
  EXPECT_EQ(proxy.last().request.forwarded, much.size());
}

}  // namespace
}  // namespace session_gateway
