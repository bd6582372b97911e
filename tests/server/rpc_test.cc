#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "server/rpc/call_base.h"
#include "server/rpc/library_settings.h"
#include "tests/server/rpc_harness.h"

namespace session_gateway {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kDetailsTrailer[] = "grpc-status-details-bin";

RpcError SomeError(Outcome outcome) {
  RpcError error;
  error.code = absl::StatusCode::kNotFound;
  error.reason = Reason::kUpstreamRefused;
  error.outcome = outcome;
  error.phase = Phase::kReceive;
  error.message = "no such application \xC3\xA9\n\"x\"";
  error.http_status = 404;
  return error;
}

Task<std::optional<RpcError>> Return(RpcError error) { co_return error; }

ScriptedHandler::Script Fail(Outcome outcome) {
  return [outcome](const CreateSessionRequest&, CreateSessionResponse& response, CallContext&) {
    response.set_session_id("must not arrive");
    return Return(SomeError(outcome));
  };
}

TEST(RpcTest, BothMethodsAnswer) {
  TestServer server(Echo);
  const auto channel = server.Connect();
  const Answer answer = CallCreateSession(channel, std::nullopt, "app\xE2\x82\xAC");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.response.application_name(), "app\xE2\x82\xAC");
  EXPECT_TRUE(answer.initial_metadata.empty());
  EXPECT_TRUE(answer.trailers.empty());

  grpc::ClientContext context;
  CreateExecutionSessionRequest request;
  request.mutable_execution_session()->set_retries(7);
  CreateExecutionSessionResponse response;
  ASSERT_TRUE(SessionGateway::NewStub(channel)->CreateExecutionSession(&context, request, &response).ok());
  EXPECT_EQ(response.execution_session().retries(), 7);
}

TEST(RpcTest, ErrorArrivesWithEachOfItsParts) {
  TestServer server(Fail(Outcome::kUnknown));
  const Answer answer = CallCreateSession(server.Connect(), std::nullopt);
  const RpcError error = SomeError(Outcome::kUnknown);
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(answer.status.error_message(), error.message);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(answer.status.error_details()));
  EXPECT_EQ(details.code(), 5);
  EXPECT_EQ(details.message(), error.message);
  google::rpc::ErrorInfo info;
  ASSERT_EQ(details.details_size(), 1);
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "UPSTREAM_REFUSED");
  EXPECT_EQ(info.metadata().at("phase"), "receive");
  EXPECT_FALSE(answer.response.has_session_id());
  EXPECT_TRUE(answer.initial_metadata.empty());
  const std::multimap<std::string, std::string> trailers = {{kOutcomeTrailer, "unknown"},
                                                            {kPushbackTrailer, "-1"},
                                                            {kDetailsTrailer, answer.status.error_details()}};
  EXPECT_EQ(answer.trailers, trailers);
}

TEST(RpcTest, ErrorThatMayBeRepeatedHasNoPushback) {
  TestServer server(Fail(Outcome::kNotSent));
  const Answer answer = CallCreateSession(server.Connect(), std::nullopt);
  EXPECT_EQ(answer.outcome(), "not_sent");
  EXPECT_FALSE(answer.trailers.contains(kPushbackTrailer));
}

TEST(RpcTest, DeadlineKeepsAMargin) {
  const CallLimits limits{.calls_max = 1, .call_timeout = seconds(60), .call_timeout_max = seconds(300)};
  const TimePoint at{hours(1)};
  EXPECT_EQ(CallDeadline(at, milliseconds(500), limits) - at, milliseconds(450));
  EXPECT_EQ(CallDeadline(at, milliseconds(1000), limits) - at, milliseconds(900));
  EXPECT_EQ(CallDeadline(at, seconds(10), limits) - at, milliseconds(9900));
  EXPECT_EQ(CallDeadline(at, seconds(300), limits) - at, milliseconds(299'900));
  EXPECT_EQ(CallDeadline(at, hours(200'000), limits) - at, seconds(300));
  EXPECT_EQ(CallDeadline(at, milliseconds(-5), limits), at);
  EXPECT_EQ(CallDeadline(at, std::nullopt, limits) - at, seconds(60));
  const CallLimits tight{.calls_max = 1, .call_timeout = seconds(60), .call_timeout_max = seconds(5)};
  EXPECT_EQ(CallDeadline(at, std::nullopt, tight) - at, seconds(5));
}

TEST(RpcTest, DetailsArriveBeforeTheCallersOwnTimer) {
  TestServer server(WaitForStop(Outcome::kUnknown));
  const auto channel = server.Connect();
  const Answer answer = CallCreateSession(channel, seconds(2));
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  // A caller's own timer knows no outcome.
  EXPECT_EQ(answer.outcome(), "unknown");
  ASSERT_TRUE(WaitUntil([&] { return !server.Logged("call").empty(); }));
  const double given = server.Logged("call")[0]["deadline_ms"];
  EXPECT_GT(given, 1000.0);
  EXPECT_LE(given, 1920.0);  // the wire names 10 ms steps, rounded up
  EXPECT_FALSE(server.Logged("call")[0].contains("caller_left"));
}

TEST(RpcTest, CallWithoutDeadlineGetsTheDefault) {
  GrpcServerOptions options = TestServer::Options();
  options.call_timeout = milliseconds(50);
  TestServer server(WaitForStop(Outcome::kNotSent), options);
  const Answer answer = CallCreateSession(server.Connect(), std::nullopt);
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(answer.outcome(), "not_sent");
}

TEST(RpcTest, LongDeadlineIsCut) {
  GrpcServerOptions options = TestServer::Options();
  options.call_timeout_max = milliseconds(50);
  TestServer server(WaitForStop(Outcome::kUnknown), options);
  // The longest deadline that the wire can name, in hours.
  const Answer answer = CallCreateSession(server.Connect(), hours(200'000));
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(answer.outcome(), "unknown");
}

TEST(RpcTest, CallerThatLeavesStopsTheLogic) {
  TestServer server(WaitForStop(Outcome::kUnknown));
  grpc::ClientContext context;
  std::thread caller([&] {
    CreateSessionResponse response;
    const auto stub = SessionGateway::NewStub(server.Connect());
    EXPECT_EQ(stub->CreateSession(&context, CreateSessionRequest(), &response).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  EXPECT_TRUE(WaitUntil([&] { return server.started() == 1; }));
  context.TryCancel();
  caller.join();
  ASSERT_TRUE(WaitUntil([&] { return !server.Logged("call").empty(); }));
  EXPECT_EQ(server.Logged("call")[0]["status"], "CANCELLED");
  EXPECT_EQ(server.Logged("call")[0]["caller_left"], true);
}

Task<std::optional<RpcError>> ThrowLate(CallContext&) {
  co_await boost::asio::this_coro::executor;
  throw std::runtime_error("secret-in-exception");
}

TEST(RpcTest, ExceptionsEndTheCallAndNothingElse) {
  const ScriptedHandler::Script script = [](const CreateSessionRequest& request,
                                            CreateSessionResponse& response, CallContext& context) {
    if (request.application_name() == "late") return ThrowLate(context);
    if (request.application_name() == "early") throw std::logic_error("secret-in-exception");
    if (request.application_name() == "odd") throw 5;
    return Echo(request, response, context);
  };
  TestServer server(script);
  const auto channel = server.Connect();
  for (const std::string name : {"late", "early", "odd"}) {
    const Answer answer = CallCreateSession(channel, std::nullopt, name);
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INTERNAL);
    EXPECT_EQ(answer.outcome(), "unknown");
    EXPECT_TRUE(answer.trailers.contains(kPushbackTrailer));
    EXPECT_EQ(answer.status.error_message(), "internal error");
    EXPECT_EQ(answer.status.error_details().find("secret"), std::string::npos);
  }
  EXPECT_TRUE(CallCreateSession(channel, std::nullopt).status.ok());
  ASSERT_TRUE(WaitUntil([&] { return server.Logged("call").size() == 4; }));
  EXPECT_EQ(server.Logged("call")[0]["exception"], "std::runtime_error");
  EXPECT_EQ(server.Logged("call")[1]["exception"], "std::logic_error");
  EXPECT_EQ(server.Logged("call")[2]["exception"], "unknown");
  EXPECT_EQ(server.log_text().find("secret"), std::string::npos);
}

TEST(RpcTest, CallsOverTheBoundAreRefusedAtOnce) {
  Gate gate;
  GrpcServerOptions options = TestServer::Options();
  options.calls_max = 2;
  TestServer server(gate.script(), options);
  const auto channel = server.Connect();
  std::vector<std::thread> callers;
  for (int i = 0; i < 2; ++i) {
    callers.emplace_back([&] { EXPECT_TRUE(CallCreateSession(channel, std::nullopt).status.ok()); });
  }
  ASSERT_TRUE(WaitUntil([&] { return gate.waiting() == 2; }));
  const Answer refused = CallCreateSession(channel, std::nullopt);
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.outcome(), "not_sent");
  EXPECT_NE(refused.status.error_details().find("OVERLOADED"), std::string::npos);
  EXPECT_NE(refused.status.error_details().find("queue"), std::string::npos);
  EXPECT_EQ(server.started(), 2);
  gate.Open();
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(CallCreateSession(channel, std::nullopt).status.ok());
}

TEST(RpcTest, MalformedRequestsAreRefusedWithoutALine) {
  QuietLibraryLogs();
  TestServer server(Echo);
  const auto channel = server.Connect();
  const std::string bad_utf8("\x12\x02\xC3\x28", 4);  // application_name
  const std::string cut("\x12\x7f", 2);
  testing::internal::CaptureStderr();
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(CallRaw(channel, kCreateSessionMethod, bad_utf8).first.error_code(),
              grpc::StatusCode::INTERNAL);
    ASSERT_EQ(CallRaw(channel, kCreateSessionMethod, cut).first.error_code(), grpc::StatusCode::INTERNAL);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(server.started(), 0);
  EXPECT_TRUE(CallCreateSession(channel, std::nullopt).status.ok());
  EXPECT_EQ(server.started(), 1);
}

TEST(RpcTest, RequestOverItsBoundIsRefused) {
  TestServer server(Echo);
  const std::string name(TestServer::Options().request_size_max, 'x');
  EXPECT_EQ(CallCreateSession(server.Connect(), std::nullopt, name).status.error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(server.started(), 0);
}

TEST(RpcTest, CompressedRequestIsRefused) {
  TestServer server(Echo);
  grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  CreateSessionRequest request;
  request.set_application_name(std::string(100'000, 'x'));
  CreateSessionResponse response;
  EXPECT_EQ(
      SessionGateway::NewStub(server.Connect())->CreateSession(&context, request, &response).error_code(),
      grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(server.started(), 0);
}

TEST(RpcTest, ReflectionListsTheService) {
  TestServer server(Echo);
  const auto [status, listed] = CallRaw(server.Connect(), kReflectionMethod, std::string("\x3a\x01*"));
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_NE(listed.find("sessiongateway.v1.SessionGateway"), std::string::npos);
  // And knows the file of a message and that of the service, whose code nothing else in a program refers to.
  const std::pair<std::string, std::string> files[] = {
      {"sessiongateway.v1.CreateSessionRequest", "sessiongateway/v1/symphony.proto"},
      {"sessiongateway.v1.SessionGateway", "sessiongateway/v1/session_gateway.proto"}};
  for (const auto& [symbol, file_name] : files) {
    const auto [found, file] = CallRaw(server.Connect(), kReflectionMethod,
                                       std::string("\x22") + static_cast<char>(symbol.size()) + symbol);
    ASSERT_TRUE(found.ok()) << found.error_message();
    EXPECT_NE(file.find(file_name), std::string::npos) << symbol;
  }
}

TEST(RpcTest, HealthKnowsTheServerAndTheService) {
  TestServer server(Echo);
  const auto channel = server.Connect();
  EXPECT_EQ(CallRaw(channel, kHealthCheckMethod, HealthRequest("")).second, kServing);
  EXPECT_EQ(CallRaw(channel, kHealthCheckMethod, HealthRequest("sessiongateway.v1.SessionGateway")).second,
            kServing);
  EXPECT_EQ(CallRaw(channel, kHealthCheckMethod, HealthRequest("other")).first.error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST(RpcTest, AddressThatIsTakenIsExplained) {
  QuietLibraryLogs();
  TestServer first(Echo);
  Loop loop;
  ScriptedHandler handler;
  SystemClock clock;
  Log log(clock, LogLevel::kError, 16, [](std::string_view) {});
  GrpcServerOptions options = TestServer::Options();
  options.address = "127.0.0.1:" + std::to_string(first.port());
  EXPECT_EQ(std::get<std::string>(GrpcServer(options, {{loop, handler}}, clock, log).Start()),
            "cannot listen on " + options.address + ": Address already in use");
  options.address = "192.0.2.1:50051";
  EXPECT_EQ(std::get<std::string>(GrpcServer(options, {{loop, handler}}, clock, log).Start()),
            "cannot listen on 192.0.2.1:50051: Cannot assign requested address");
  EXPECT_TRUE(CallCreateSession(first.Connect(), std::nullopt).status.ok());
}

TEST(RpcTest, EachCallIsOneLine) {
  TestServer server(Fail(Outcome::kRefused));
  (void)CallCreateSession(server.Connect(), std::nullopt, "name-that-no-log-may-see");
  ASSERT_TRUE(WaitUntil([&] { return !server.Logged("call").empty(); }));
  const auto lines = server.Logged("call");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["method"], "sessiongateway.v1.SessionGateway/CreateSession");
  EXPECT_EQ(lines[0]["status"], "NOT_FOUND");
  EXPECT_EQ(lines[0]["reason"], "UPSTREAM_REFUSED");
  EXPECT_EQ(lines[0]["outcome"], "refused");
  EXPECT_EQ(lines[0]["upstream"], "symphony");
  EXPECT_EQ(lines[0]["phase"], "receive");
  EXPECT_EQ(lines[0]["http_status"], 404);
  EXPECT_TRUE(std::string(lines[0]["peer"]).starts_with("ipv4:127.0.0.1:"));
  EXPECT_EQ(server.log_text().find("no-log-may-see"), std::string::npos);
}

TEST(RpcTest, ManyCallsAtOnce) {
  constexpr int kCallers = 64;
  constexpr int kCallsEach = 2000 / kLoadDivisor;
  TestServer server(Echo);
  const auto channel = server.Connect();
  std::atomic<int> right = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < kCallsEach; ++i) {
        const std::string name = std::to_string(caller) + "/" + std::to_string(i);
        const Answer answer = CallCreateSession(channel, kPatience, name);
        if (answer.status.ok() && answer.response.application_name() == name) ++right;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, kCallers * kCallsEach);
  EXPECT_EQ(server.started(), kCallers * kCallsEach);
  // And the line that says where the server listens.
  EXPECT_TRUE(WaitUntil([&] { return server.lines() == kCallers * kCallsEach; }));
}

// What the logic wants done with an answer that nobody gets.
TEST(RpcServer, AnAnswerThatNobodyGetsIsNoticed) {
  std::atomic<int> undelivered = 0;
  std::atomic<bool> waits = false;
  TestServer server([&](const CreateSessionRequest& request, CreateSessionResponse& response,
                        CallContext& context) -> Task<std::optional<RpcError>> {
    context.OnUndelivered([&undelivered] { ++undelivered; });
    if (request.application_name() == "waits") {
      waits = true;
      co_await UntilStopped(context);
    }
    response.set_session_id("1");
    co_return std::nullopt;
  });
  EXPECT_TRUE(CallCreateSession(server.Connect(), kPatience).status.ok());
  EXPECT_EQ(undelivered, 0);

  grpc::ClientContext context;
  std::thread canceller([&] {
    EXPECT_TRUE(WaitUntil([&] { return waits.load(); }));
    context.TryCancel();
  });
  CreateSessionRequest request;
  request.set_application_name("waits");
  CreateSessionResponse response;
  EXPECT_FALSE(SessionGateway::NewStub(server.Connect())->CreateSession(&context, request, &response).ok());
  canceller.join();
  EXPECT_TRUE(WaitUntil([&] { return undelivered == 1; }));
}

}  // namespace
}  // namespace session_gateway
