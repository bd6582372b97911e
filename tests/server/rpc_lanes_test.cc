// Calls spread over lanes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "server/rpc/lanes.h"
#include "tests/server/rpc_harness.h"

namespace session_gateway {
namespace {

constexpr std::size_t kLanes = 3;
constexpr char kRequestId[] = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";

std::string RequestIdOf(int number) {
  const std::string digits = std::to_string(number);
  return std::string(36 - digits.size(), 'a') + digits;
}

// Of kLanes.
std::size_t LaneOf(const std::string& request_id) {
  Loop loop;
  ScriptedHandler handler;
  const SystemClock clock;
  Log log(clock, LogLevel::kError, 16, [](std::string_view) {});
  Lanes lanes({}, {{loop, handler}, {loop, handler}, {loop, handler}}, clock, log);
  const CallTable& chosen = lanes.Choose(request_id, lanes.tables().front());
  const auto place = std::find_if(lanes.tables().begin(), lanes.tables().end(),
                                  [&](const CallTable& table) { return &table == &chosen; });
  return static_cast<std::size_t>(place - lanes.tables().begin());
}

TEST(RpcLanes, FewCallsStayWithTheirConnection) {
  constexpr int kCalls = 12;
  TestServer server(Echo, TestServer::Options(), kLanes);
  const auto channel = server.Connect();
  for (int i = 0; i < kCalls; ++i) EXPECT_TRUE(CallCreateSession(channel, kPatience).status.ok());
  EXPECT_THAT(server.StartedByLane(), testing::UnorderedElementsAre(0, 0, kCalls));
}

TEST(RpcLanes, ConnectionsSpread) {
  constexpr int kConnections = 12;
  TestServer server(Echo, TestServer::Options(), kLanes);
  for (int i = 0; i < kConnections; ++i) {
    EXPECT_TRUE(CallCreateSession(server.Connect(), kPatience).status.ok());
  }
  EXPECT_THAT(server.StartedByLane(), testing::Each(testing::Gt(0)));
}

// A sidecar brings all calls over one connection.
TEST(RpcLanes, ManyCallsOfOneConnectionSpread) {
  constexpr int kCalls = 300;
  Gate gate;
  TestServer server(gate.script(), TestServer::Options(), kLanes);
  const auto channel = server.Connect();
  std::atomic<int> ok = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < kCalls; ++i) {
    callers.emplace_back([&] { ok += CallCreateSession(channel, kPatience).status.ok() ? 1 : 0; });
  }
  EXPECT_TRUE(WaitUntil([&] { return gate.waiting() == kCalls; }));
  const std::vector<int> calls = server.StartedByLane();
  const auto [least, most] = std::minmax_element(calls.begin(), calls.end());
  // Each lane's thread may choose the same emptiest one at once.
  EXPECT_LE(*most, *least + static_cast<int>(Lanes::kLeadMax + kLanes)) << testing::PrintToString(calls);
  gate.Open();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(ok, kCalls);
}

TEST(RpcLanes, CallsWithOneRequestIdShareALane) {
  constexpr int kCalls = 8;
  TestServer server(Echo, TestServer::Options(), kLanes);
  std::string upper = kRequestId;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  for (int i = 0; i < kCalls; ++i) {
    // Each over a connection of its own, and in either case.
    const std::string& request_id = i % 2 == 0 ? kRequestId : upper;
    EXPECT_TRUE(CallCreateSession(server.Connect(), kPatience, "app", request_id).status.ok());
  }
  EXPECT_THAT(server.StartedByLane(), testing::UnorderedElementsAre(0, 0, kCalls));
}

TEST(RpcLanes, RequestIdsSpread) {
  constexpr int kCalls = 3000;
  std::vector<int> calls(kLanes);
  for (int i = 0; i < kCalls; ++i) ++calls[LaneOf(RequestIdOf(i))];
  EXPECT_THAT(calls, testing::Each(testing::Gt(kCalls / static_cast<int>(kLanes) * 9 / 10)));
}

// More calls than all lanes listen for wait for one that stands still, up to the bound on calls; a call of
// another lane is answered meanwhile, which it shows by its refusal.
TEST(RpcLanes, ALaneThatStandsStillKeepsNoCallsFromOthers) {
  constexpr std::size_t kBound = 60;
  constexpr std::size_t kCallers = 140;
  GrpcServerOptions options = TestServer::Options();
  options.calls_max = kBound;
  TestServer server(Echo, options, kLanes);
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (std::size_t i = 0; i < 2 * kLanes; ++i) {
    EXPECT_TRUE(CallCreateSession(channels.emplace_back(server.Connect()), kPatience).status.ok());
  }
  std::promise<void> stands_still;
  std::promise<void> goes_on;
  boost::asio::post(server.loop(), [&] {
    stands_still.set_value();
    goes_on.get_future().wait();
  });
  stands_still.get_future().wait();
  std::atomic<std::size_t> ok = 0;
  std::vector<std::thread> callers;
  int number = 0;
  for (; callers.size() < kCallers; ++number) {
    if (LaneOf(RequestIdOf(number)) != 0) continue;
    callers.emplace_back([&, channel = channels[callers.size() % channels.size()], number] {
      ok += CallCreateSession(channel, kPatience, "app", RequestIdOf(number)).status.ok() ? 1 : 0;
    });
  }
  while (LaneOf(RequestIdOf(number)) == 0) ++number;
  std::size_t calls = 0;
  EXPECT_TRUE(WaitUntil([&] {
    // The queue of some of the connections is that of the lane.
    const auto& channel = channels[++calls % channels.size()];
    return CallCreateSession(channel, std::chrono::milliseconds(200), "app", RequestIdOf(number))
               .status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED;
  }));
  goes_on.set_value();
  for (std::thread& caller : callers) caller.join();
  EXPECT_GE(ok, kBound - 1) << "one may have met the other call";
}

// The bound is of the server, whatever lane its calls are on.
TEST(RpcLanes, ShareTheBoundOnCalls) {
  constexpr int kBound = 4;
  Gate gate;
  GrpcServerOptions options = TestServer::Options();
  options.calls_max = kBound;
  TestServer server(gate.script(), options, kLanes);
  std::atomic<int> ok = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < kBound; ++i) {
    callers.emplace_back([&] { ok += CallCreateSession(server.Connect(), kPatience).status.ok() ? 1 : 0; });
  }
  EXPECT_TRUE(WaitUntil([&] { return gate.waiting() == kBound; }));
  EXPECT_EQ(CallCreateSession(server.Connect(), kPatience).status.error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  gate.Open();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(ok, kBound);
}

TEST(RpcLanes, DrainEndsTheCallsOfAll) {
  constexpr int kCalls = 6;
  GrpcServerOptions options = TestServer::Options();
  options.drain_timeout = std::chrono::milliseconds(500);
  TestServer server(WaitForStop(Outcome::kUnknown), options, kLanes);
  std::atomic<int> stopped = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < kCalls; ++i) {
    callers.emplace_back(
        [&] { stopped += CallCreateSession(server.Connect(), kPatience).outcome() == "unknown" ? 1 : 0; });
  }
  EXPECT_TRUE(WaitUntil([&] { return server.started() == kCalls; }));
  server.Drain();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(stopped, kCalls);
}

}  // namespace
}  // namespace session_gateway
