#include <gtest/gtest.h>

#include <future>

#include "tests/server/byte_stream.h"
#include "tests/server/rpc_harness.h"

namespace session_gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

TEST(RpcDrainTest, IdleServerStopsAtOnce) {
  TestServer server(Echo);
  ASSERT_TRUE(CallCreateSession(server.Connect(), std::nullopt).status.ok());
  server.Drain();
  server.Drain();  // nothing is left to do
  EXPECT_FALSE(CallCreateSession(server.Connect(), seconds(5)).status.ok());
  ASSERT_TRUE(WaitUntil([&] { return !server.Logged("stopped").empty(); }));
  EXPECT_EQ(server.Logged("draining").size(), 1U);
  EXPECT_EQ(server.Logged("stopped").size(), 1U);
}

TEST(RpcDrainTest, ServerThatServedNobodyStops) { TestServer server(Echo); }

TEST(RpcDrainTest, RunningCallsFinish) {
  Gate gate;
  TestServer server(gate.script());
  constexpr int kCalls = 20;
  const auto channel = server.Connect();
  std::vector<std::thread> callers;
  for (int i = 0; i < kCalls; ++i) {
    callers.emplace_back([&] { EXPECT_TRUE(CallCreateSession(channel, std::nullopt).status.ok()); });
  }
  ASSERT_TRUE(WaitUntil([&] { return gate.waiting() == kCalls; }));
  auto drained = std::async(std::launch::async, [&] { server.Drain(); });
  ASSERT_TRUE(WaitUntil([&] { return !server.Logged("draining").empty(); }));
  EXPECT_EQ(server.Logged("draining")[0]["calls"], kCalls);
  EXPECT_NE(drained.wait_for(milliseconds(0)), std::future_status::ready);
  gate.Open();
  for (std::thread& caller : callers) caller.join();
  drained.get();
}

TEST(RpcDrainTest, StuckCallsAreStoppedAndAnsweredInTime) {
  GrpcServerOptions options = TestServer::Options();
  options.drain_timeout = seconds(2);
  TestServer server(WaitForStop(Outcome::kUnknown), options);
  Answer answer;
  std::thread caller([&] { answer = CallCreateSession(server.Connect(), std::nullopt); });
  ASSERT_TRUE(WaitUntil([&] { return server.started() == 1; }));
  const auto begin = SteadyClock::now();
  server.Drain();
  const auto took = SteadyClock::now() - begin;
  caller.join();
  // The caller learns the outcome; a cut connection would tell nothing.
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(answer.outcome(), "unknown");
  EXPECT_GE(took, milliseconds(1700));
  EXPECT_LT(took, seconds(20));
}

TEST(RpcDrainTest, StuckCallThatSentNothingMayBeRepeatedElsewhere) {
  GrpcServerOptions options = TestServer::Options();
  options.drain_timeout = milliseconds(200);
  TestServer server(WaitForStop(Outcome::kNotSent), options);
  Answer answer;
  std::thread caller([&] { answer = CallCreateSession(server.Connect(), std::nullopt); });
  ASSERT_TRUE(WaitUntil([&] { return server.started() == 1; }));
  server.Drain();
  caller.join();
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(answer.outcome(), "not_sent");
  EXPECT_NE(answer.status.error_details().find("DRAINING"), std::string::npos);
}

// A call arrives after the drain began and before gRPC closes its doors, which is a tenth of a second: hence
// the tries.
Answer CallInDrain() {
  TestServer server(Echo);
  const auto channel = server.Connect();
  EXPECT_TRUE(CallCreateSession(channel, std::nullopt).status.ok());
  std::thread drainer([&] { server.Drain(); });
  EXPECT_TRUE(WaitUntil([&] { return !server.Logged("draining").empty(); }));
  // On the loop that writes the line: what is answered after it knows of the drain.
  EXPECT_TRUE(WaitUntil([&] {
    const auto [status, state] = CallRaw(channel, kHealthCheckMethod, HealthRequest(""));
    return !status.ok() || state == kNotServing;
  }));
  Answer answer = CallCreateSession(channel, std::nullopt);
  drainer.join();
  return answer;
}

TEST(RpcDrainTest, CallThatArrivesInDrainIsRefused) {
  for (int tries = 0; tries < 5; ++tries) {
    const Answer answer = CallInDrain();
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE) << answer.status.error_message();
    if (answer.status.error_details().empty()) continue;  // the doors were closed already
    EXPECT_NE(answer.status.error_details().find("DRAINING"), std::string::npos);
    EXPECT_NE(answer.status.error_details().find("not_sent"), std::string::npos);
    return;
  }
  FAIL() << "no call was refused";
}

TEST(RpcDrainTest, WatchersLearnAndDoNotHoldTheServerUp) {
  TestServer server(Echo);
  ByteStream watch(server.Connect(), kHealthWatchMethod);
  ASSERT_TRUE(watch.WriteLast(HealthRequest("sessiongateway.v1.SessionGateway")));
  EXPECT_EQ(watch.Read(), kServing);
  const auto begin = SteadyClock::now();
  server.Drain();
  // The stream itself would last until the drain timeout, which is a minute here.
  EXPECT_LT(SteadyClock::now() - begin, kPatience / 4);
  EXPECT_EQ(watch.Read(), kNotServing);
  EXPECT_EQ(watch.Read(), std::nullopt);
  const grpc::Status status = watch.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the server is shutting down");
}

// Whatever their callers do not do: send a request, send another, read what they asked for.
TEST(RpcDrainTest, StreamsOfIdleCallersDoNotHoldTheServerUp) {
  TestServer server(Echo);
  const auto channel = server.Connect();
  ByteStream watch_without_request(channel, kHealthWatchMethod);
  ByteStream check_without_request(channel, kHealthCheckMethod);
  ByteStream reflection(channel, kReflectionMethod);
  ASSERT_TRUE(reflection.Write("\x3a\x01*"));
  ASSERT_TRUE(reflection.Read());
  ByteStream never_reads(server.Connect(), kReflectionMethod);
  const std::string large = "\x3a\x80\x80\x20" + std::string(512 * 1024, 'x');  // list_services, echoed
  ASSERT_TRUE(never_reads.Write(large));
  const auto begin = SteadyClock::now();
  server.Drain();
  EXPECT_LT(SteadyClock::now() - begin, kPatience / 4);
  EXPECT_EQ(reflection.Read(), std::nullopt);
  EXPECT_EQ(reflection.Finish().error_message(), "the server is shutting down");
  EXPECT_EQ(watch_without_request.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_FALSE(check_without_request.Finish().ok());
}

// What ran was answered, and what was not answered never ran.
TEST(RpcDrainTest, LoadLosesNoCallThatRan) {
  TestServer server(Echo);
  std::atomic<int> answered = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 32; ++i) {
    callers.emplace_back([&] {
      const auto channel = server.Connect();
      for (;;) {
        const Answer answer = CallCreateSession(channel, kPatience);
        if (!answer.status.ok()) {
          EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE);
          // A call that comes when nobody listens any more is answered by the client's own library; below is
          // counted that none of these ran.
          const bool refused_by_us = !answer.status.error_details().empty();
          EXPECT_EQ(answer.outcome(), refused_by_us ? "not_sent" : "") << answer.status.error_message();
          return;
        }
        ++answered;
      }
    });
  }
  ASSERT_TRUE(WaitUntil([&] { return answered > 20'000 / kLoadDivisor; }));
  server.Drain();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(answered, server.started());
}

}  // namespace
}  // namespace session_gateway
