// What callers' connections may do to the listener: their number, their silence, their age.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "server/rpc/connection_count.h"
#include "server/rpc/listening_sockets.h"
#include "tests/server/raw_caller.h"
#include "tests/server/rpc_harness.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

TEST(RpcConnectionsTest, ConnectionsBeyondTheBoundAreClosedUntilOthersLeave) {
  GrpcServerOptions options = TestServer::Options();
  options.connections_max = 4;
  TestServer server(Echo, options);
  const auto channel = server.Connect();
  ASSERT_TRUE(CallCreateSession(channel, kPatience).status.ok());
  {
    std::vector<RawCaller> callers;
    for (int i = 0; i < 3; ++i) callers.emplace_back(server.port());
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(RawCaller(server.port()).EndsWithin(kPatience));
    for (const RawCaller& caller : callers) EXPECT_FALSE(caller.EndsWithin(milliseconds(0)));
    EXPECT_TRUE(CallCreateSession(channel, kPatience).status.ok()) << "an old connection suffers";
    const Answer refused = CallCreateSession(server.Connect(), seconds(5));
    EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  }
  ASSERT_TRUE(WaitUntil([&] { return CallCreateSession(server.Connect(), seconds(5)).status.ok(); }));
  ASSERT_TRUE(WaitUntil([&] { return !server.Logged("connections_refused").empty(); }));
  EXPECT_EQ(server.Logged("connections_refused").size(), 1U) << "a flood must not flood the log";
  EXPECT_EQ(server.Logged("connections_refused")[0]["open"], 4);
}

TEST(RpcConnectionsTest, ConnectionsThatNeverSpeakAreClosed) {
  GrpcServerOptions options = TestServer::Options();
  options.handshake_timeout = milliseconds(200);
  TestServer server(Echo, options);
  const auto channel = server.Connect();
  ASSERT_TRUE(CallCreateSession(channel, kPatience).status.ok());
  const RawCaller silent(server.port());
  const RawCaller half(server.port());
  const RawCaller whole(server.port());  // but without the settings that must follow
  EXPECT_TRUE(half.Send(kPreface.substr(0, 10)));
  EXPECT_TRUE(whole.Send(kPreface));
  for (const RawCaller* caller : {&silent, &half, &whole}) EXPECT_TRUE(caller->EndsWithin(kPatience));
  EXPECT_TRUE(RawCaller(server.port()).EndsWithin(kPatience)) << "the next one is waited for, too";
  EXPECT_TRUE(CallCreateSession(channel, kPatience).status.ok());
  EXPECT_TRUE(WaitUntil([&] { return server.Logged("call").size() == 2; }));
}

// A client sees the end of its connection as a change to another one.
TEST(RpcConnectionsTest, OldConnectionsAreReplacedAndNoCallIsLost) {
  GrpcServerOptions options = TestServer::Options();
  options.connection_age_max = milliseconds(100);
  TestServer server(Echo, options);
  constexpr int kCallers = 8;
  constexpr int kCalls = 2'000 / kLoadDivisor;
  std::atomic<int> answered = 0;
  std::atomic<bool> renewed = false;
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      const auto channel = server.Connect();
      for (int call = 0; call < kCalls || !renewed; ++call) {
        const Answer answer = CallCreateSession(channel, kPatience);
        EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
        if (!answer.status.ok()) return;
        ++answered;
      }
    });
  }
  EXPECT_TRUE(WaitUntil([&] {
    std::set<std::string> peers;
    for (const auto& line : server.Logged("call")) peers.insert(line["peer"].get<std::string>());
    return peers.size() >= 3 * kCallers;
  }));
  renewed = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(answered, server.started());
}

TEST(RpcConnectionsTest, ACallOutlivesTheAgeOfItsConnection) {
  GrpcServerOptions options = TestServer::Options();
  options.connection_age_max = milliseconds(100);
  Gate gate;
  TestServer server(gate.script(), options);
  const auto channel = server.Connect();
  Answer answer;
  std::thread caller([&] { answer = CallCreateSession(channel, std::nullopt); });
  ASSERT_TRUE(WaitUntil([&] { return gate.waiting() == 1; }));
  // Once the client has been told to go, it looks for another connection.
  EXPECT_TRUE(WaitUntil([&] { return channel->GetState(false) != GRPC_CHANNEL_READY; }));
  gate.Open();
  caller.join();
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
}

TEST(ListeningSocketsTest, ListensOnEachAddressOfAHost) {
  const auto opened = OpenListeningSockets("localhost:0");
  ASSERT_TRUE(std::holds_alternative<ListeningSockets>(opened)) << std::get<std::string>(opened);
  const auto& listening = std::get<ListeningSockets>(opened);
  EXPECT_GT(listening.port, 0);
  EXPECT_TRUE(RawCaller(listening.port).connected());
}

TEST(ListeningSocketsTest, SaysWhyNothingIsListenedOn) {
  const auto reason = [](const std::string& address) {
    const auto opened = OpenListeningSockets(address);
    const auto* problem = std::get_if<std::string>(&opened);
    return problem == nullptr ? std::string("it listens") : *problem;
  };
  const auto opened = OpenListeningSockets("127.0.0.1:0");
  ASSERT_TRUE(std::holds_alternative<ListeningSockets>(opened));
  const int port = std::get<ListeningSockets>(opened).port;
  EXPECT_EQ(reason("127.0.0.1:" + std::to_string(port)), "Address already in use");
  EXPECT_EQ(reason("192.0.2.1:0"), "Cannot assign requested address");
  EXPECT_EQ(reason("127.0.0.1"), "the address has no port");
  EXPECT_NE(reason("no such host:1"), "it listens");
}

TEST(ConnectionCountTest, FindsThoseThatEndedAndNoOthers) {
  const auto open = [] { return Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); };
  constexpr std::size_t kMax = 1000;
  ConnectionCount count(kMax);
  std::vector<Descriptor> sockets;
  for (std::size_t i = 0; i < kMax; ++i) {
    sockets.push_back(open());
    ASSERT_TRUE(count.Add(sockets.back().get()));
  }
  const Descriptor next = open();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(count.Add(next.get()));
  // The same descriptor is another socket now.
  const int used_again = sockets[500].get();
  sockets[500] = open();
  sockets.push_back(open());
  EXPECT_EQ(sockets.back().get(), used_again);
  int tries = 1;
  while (!count.Add(next.get()) && tries < 10) ++tries;
  EXPECT_LE(tries, 4) << "a fourth is looked at each time";
  EXPECT_EQ(count.counted(), kMax);
  EXPECT_FALSE(count.Add(sockets.back().get()));
}

}  // namespace
}  // namespace session_gateway
