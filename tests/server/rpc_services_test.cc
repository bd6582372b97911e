// Health, reflection, and what neither is: their answers, their bounds, and that they bring no thread.
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/server/byte_stream.h"
#include "tests/server/rpc_harness.h"

namespace session_gateway {
namespace {

constexpr char kService[] = "sessiongateway.v1.SessionGateway";
constexpr char kServiceUnknown[] = "\x08\x03";
constexpr std::size_t kStreamsMax = 1000;
constexpr std::size_t kChecksMax = 1000;

// The name of each thread of this process.
std::multiset<std::string> Threads() {
  std::multiset<std::string> names;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    if (std::getline(file, name)) names.insert(name);
  }
  return names;
}

// gRPC has others, which do not wait for the events of calls; when it starts them is its own affair.
TEST(RpcServicesTest, HealthAndReflectionBringNoThread) {
  TestServer server(Echo);
  ASSERT_EQ(CallRaw(server.Connect(), kHealthCheckMethod, "").second, kServing);
  const std::multiset<std::string> names = Threads();
  EXPECT_EQ(names.count("nexting_thread"), 0U) << "of a service with the callback API";
  EXPECT_EQ(names.count("grpcpp_sync_ser"), 0U) << "of a service with the synchronous API";
  EXPECT_GE(names.size(), 3U);  // this one, the loop's, the queue's
}

TEST(RpcServicesTest, UnknownMethodsAreUnimplemented) {
  TestServer server(Echo);
  const auto channel = server.Connect();
  for (const std::string method :
       {"/no.such.Service/Method", "/sessiongateway.v1.SessionGateway/NoSuch", "/grpc.health.v1.Health/List",
        "/grpc.health.v1.Health/Check/", "/grpc.health.v1.Health.Check", "/x/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1alpha.ServerReflection/", "/"}) {
    const auto [status, response] = CallRaw(channel, method, "\x0a\x01x");
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
    EXPECT_EQ(status.error_message(), "") << method;
    EXPECT_EQ(response, "");
  }
}

TEST(RpcServicesTest, CheckSaysWhatItCannotAnswer) {
  TestServer server(Echo);
  const auto channel = server.Connect();
  const auto check = [&](const std::string& request) {
    return CallRaw(channel, kHealthCheckMethod, request).first;
  };
  EXPECT_EQ(check(HealthRequest("other")).error_message(), "service name unknown");
  EXPECT_EQ(check(HealthRequest(std::string(kService) + "x")).error_code(), grpc::StatusCode::NOT_FOUND);
  // Cut, a tag of nothing, a group without an end, a varint of eleven bytes.
  for (const std::string& malformed :
       {std::string("\x0a\x05x"), std::string("\x00", 1), std::string("\x0b"), std::string(11, '\xff')}) {
    EXPECT_EQ(check(malformed).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(check(malformed).error_message(), "could not parse request");
  }
  EXPECT_EQ(check(std::string(TestServer::Options().request_size_max + 1, 'x')).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  // A field that is not known is none of the server's business.
  EXPECT_EQ(CallRaw(channel, kHealthCheckMethod, "\x12\x01y" + HealthRequest(kService)).second, kServing);
  ByteStream without_request(channel, kHealthCheckMethod);
  without_request.Cancel();
  EXPECT_EQ(without_request.Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST(RpcServicesTest, WatchTellsTheFirstStateAtOnce) {
  TestServer server(Echo);
  const auto channel = server.Connect();
  const std::pair<std::string, std::string> states[] = {
      {"", kServing}, {kService, kServing}, {"other", kServiceUnknown}};
  for (const auto& [service, state] : states) {
    ByteStream watch(channel, kHealthWatchMethod);
    ASSERT_TRUE(watch.Write(HealthRequest(service)));
    EXPECT_EQ(watch.Read(), state) << service;
  }
  ByteStream malformed(channel, kHealthWatchMethod);
  ASSERT_TRUE(malformed.WriteLast("\x0a"));
  EXPECT_EQ(malformed.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(RpcServicesTest, WatcherOfAnUnknownServiceIsToldNoChange) {
  TestServer server(Echo);
  ByteStream watch(server.Connect(), kHealthWatchMethod);
  ASSERT_TRUE(watch.WriteLast(HealthRequest("other")));
  EXPECT_EQ(watch.Read(), kServiceUnknown);
  server.Drain();
  EXPECT_EQ(watch.Read(), std::nullopt);
  EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(RpcServicesTest, StreamsHaveABoundAndChecksAreAnsweredBeyond) {
  TestServer server(Echo);
  const auto channel = server.Connect();
  const auto other_channel = server.Connect();
  std::deque<ByteStream> watches;
  while (watches.size() < kStreamsMax) {
    ByteStream& watch = watches.emplace_back(channel, kHealthWatchMethod);
    ASSERT_TRUE(watch.WriteLast(HealthRequest("")));
    ASSERT_EQ(watch.Read(), kServing) << watches.size();
  }
  for (const char* const method : {kHealthWatchMethod, kReflectionMethod}) {
    const grpc::Status refused = ByteStream(other_channel, method).Finish();
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(refused.error_message(), "too many streams of health and reflection at once");
  }
  EXPECT_EQ(CallRaw(other_channel, kHealthCheckMethod, "").second, kServing);
  EXPECT_TRUE(CallCreateSession(other_channel, kPatience).status.ok());
  // Who leaves makes room.
  watches.pop_front();
  EXPECT_TRUE(WaitUntil([&] {
    ByteStream watch(other_channel, kHealthWatchMethod);
    return watch.WriteLast(HealthRequest("")) && watch.Read() == kServing;
  }));
  // All of them learn of the end.
  server.Drain();
  for (ByteStream& watch : watches) {
    EXPECT_EQ(watch.Read(), kNotServing);
    EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  }
}

// Their callers may keep back the request for ever.
TEST(RpcServicesTest, ChecksThatAreHeldUpMakeRoomForOthers) {
  TestServer server(Echo);
  std::deque<ByteStream> held_up;
  // A connection has fewer calls than the server.
  for (const auto& channel : {server.Connect(), server.Connect()}) {
    for (std::size_t i = 0; i < kChecksMax * 3 / 5; ++i) held_up.emplace_back(channel, kHealthCheckMethod);
    // Over the same connection, so that it comes after them.
    EXPECT_EQ(CallRaw(channel, kHealthCheckMethod, "").second, kServing);
  }
  EXPECT_EQ(held_up.front().Finish().error_code(), grpc::StatusCode::CANCELLED);
  // No more than had to go.
  ByteStream& kept = held_up.back();
  ASSERT_TRUE(kept.WriteLast(HealthRequest("")));
  EXPECT_EQ(kept.Read(), kServing);
  EXPECT_TRUE(kept.Finish().ok());
  EXPECT_EQ(CallRaw(server.Connect(), kHealthCheckMethod, "").second, kServing);
}

TEST(RpcServicesTest, CallsMayEndAtAnyMoment) {
  TestServer server(Echo);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&, caller] {
      const auto channel = server.Connect();
      const std::string large = "\x3a\x80\x80\x04" + std::string(64 * 1024, 'x');
      for (int i = 0; i < 200 / kLoadDivisor; ++i) {
        ByteStream watch(channel, kHealthWatchMethod);
        ByteStream reflection(channel, kReflectionMethod);
        const int step = (caller + i) % 4;
        if (step > 0) watch.Write(HealthRequest(""));
        if (step > 0) reflection.Write(large);
        if (step > 1) reflection.Write(large);
        if (step > 2) reflection.Read();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(CallRaw(server.Connect(), kHealthCheckMethod, "").second, kServing);
}

// Drains while streams of all kinds come and go.
TEST(RpcServicesTest, DrainEndsWhatIsComing) {
  TestServer server(Echo);
  std::atomic<int> begun = 0;
  std::atomic<bool> over = false;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      const auto channel = server.Connect();
      while (!over) {
        ByteStream watch(channel, kHealthWatchMethod);
        ByteStream reflection(channel, kReflectionMethod);
        if (watch.Write(HealthRequest("")) && watch.Read()) ++begun;
        reflection.Write("\x3a\x01*");
      }
    });
  }
  EXPECT_TRUE(WaitUntil([&] { return begun > 100 / kLoadDivisor; }));
  server.Drain();
  over = true;
  for (std::thread& caller : callers) caller.join();
}

}  // namespace
}  // namespace session_gateway
