#include "tests/server/rpc_harness.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <numeric>

namespace session_gateway {
namespace {

constexpr std::size_t kLogLinesMax = 65'536;

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return {};
  std::string bytes;
  for (const auto& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

std::multimap<std::string, std::string> Copy(
    const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  std::multimap<std::string, std::string> copy;
  for (const auto& [name, value] : metadata) {
    copy.emplace(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }
  return copy;
}

Task<void> Pause(Duration duration) {
  LoopTimer timer(co_await boost::asio::this_coro::executor, duration);
  co_await timer.async_wait(kUseTask);
}

Task<std::optional<RpcError>> WaitAndReport(CallContext& context, Outcome outcome) {
  co_await UntilStopped(context);
  RpcError error;
  const bool late = context.stopped() == StopReason::kDeadline;
  error.code = late ? absl::StatusCode::kDeadlineExceeded : absl::StatusCode::kCancelled;
  error.reason = Reason::kDeadline;
  error.outcome = outcome;
  error.phase = Phase::kWait;
  error.message = "stopped";
  co_return error;
}

}  // namespace

bool WaitUntil(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

Task<void> UntilStopped(CallContext& context) {
  LoopTimer never(co_await boost::asio::this_coro::executor, TimePoint::max());
  const StopGuard guard(context, [&never] { never.cancel(); });
  if (context.stopped() != StopReason::kNone) co_return;
  boost::system::error_code ignored;
  co_await never.async_wait(boost::asio::redirect_error(kUseTask, ignored));
}

Task<std::optional<RpcError>> ScriptedHandler::CreateSession(CreateSessionRequest& request,
                                                             CreateSessionResponse& response,
                                                             CallContext& context) {
  ++started;
  return script(request, response, context);
}

Task<std::optional<RpcError>> ScriptedHandler::CreateExecutionSession(
    CreateExecutionSessionRequest& request, CreateExecutionSessionResponse& response, CallContext&) {
  *response.mutable_execution_session() = request.execution_session();
  co_return std::nullopt;
}

Task<std::optional<RpcError>> Echo(const CreateSessionRequest& request, CreateSessionResponse& response,
                                   CallContext&) {
  response.set_application_name(request.application_name());
  co_return std::nullopt;
}

ScriptedHandler::Script WaitForStop(Outcome outcome) {
  return [outcome](const CreateSessionRequest&, CreateSessionResponse&, CallContext& context) {
    return WaitAndReport(context, outcome);
  };
}

ScriptedHandler::Script Gate::script() {
  return [this](const CreateSessionRequest& request, CreateSessionResponse& response, CallContext& context) {
    return Wait(request, response, context);
  };
}

Task<std::optional<RpcError>> Gate::Wait(const CreateSessionRequest& request, CreateSessionResponse& response,
                                         CallContext&) {
  ++waiting_;
  while (!open_) co_await Pause(std::chrono::milliseconds(1));
  response.set_application_name(request.application_name());
  co_return std::nullopt;
}

GrpcServerOptions TestServer::Options() {
  return {.address = "127.0.0.1:0",
          .calls_max = 1000,
          .request_size_max = 1024 * 1024,
          .connections_max = 1000,
          .handshake_timeout = kPatience,
          .connection_age_max = std::chrono::hours(1),
          .call_timeout = kPatience,
          .call_timeout_max = kPatience,
          .drain_timeout = kPatience};
}

TestServer::TestServer(ScriptedHandler::Script script, GrpcServerOptions options, std::size_t lanes)
    : log_(clock_, LogLevel::kInfo, kLogLinesMax, [this](std::string_view line) {
        const std::lock_guard lock(mutex_);
        lines_.emplace_back(line);
      }) {
  std::vector<ServerLane> of_server;
  while (lanes_.size() < lanes) {
    Lane& lane = lanes_.emplace_back();
    lane.handler.script = script;
    lane.thread = std::thread([&lane] { lane.loop.run(); });
    of_server.push_back({lane.loop, lane.handler});
  }
  server_ = std::make_unique<GrpcServer>(std::move(options), of_server, clock_, log_);
  const auto started = server_->Start();
  const int* const port = std::get_if<int>(&started);
  EXPECT_NE(port, nullptr) << std::get<std::string>(started);
  port_ = port == nullptr ? 0 : *port;
}

TestServer::~TestServer() {
  server_.reset();
  for (Lane& lane : lanes_) {
    lane.work.reset();
    lane.thread.join();
  }
}

std::vector<int> TestServer::StartedByLane() const {
  std::vector<int> started;
  for (const Lane& lane : lanes_) started.push_back(lane.handler.started);
  return started;
}

int TestServer::started() const {
  const std::vector<int> by_lane = StartedByLane();
  return std::accumulate(by_lane.begin(), by_lane.end(), 0);
}

std::shared_ptr<grpc::Channel> TestServer::Connect() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port_), grpc::InsecureChannelCredentials(),
                                   arguments);
}

std::vector<nlohmann::json> TestServer::Logged(std::string_view message) const {
  const std::lock_guard lock(mutex_);
  std::vector<nlohmann::json> found;
  for (const std::string& line : lines_) {
    nlohmann::json parsed = nlohmann::json::parse(line);
    if (parsed["msg"] == message) found.push_back(std::move(parsed));
  }
  return found;
}

std::size_t TestServer::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_.size();
}

std::string TestServer::log_text() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const std::string& line : lines_) text += line;
  return text;
}

std::string Answer::outcome() const {
  const auto found = trailers.find(kOutcomeTrailer);
  return found == trailers.end() ? std::string() : found->second;
}

Answer CallCreateSession(const std::shared_ptr<grpc::Channel>& channel, std::optional<Duration> timeout,
                         const std::string& name, const std::string& request_id) {
  grpc::ClientContext context;
  if (timeout) context.set_deadline(std::chrono::system_clock::now() + *timeout);
  CreateSessionRequest request;
  request.set_application_name(name);
  if (!request_id.empty()) request.set_request_id(request_id);
  Answer answer;
  answer.status = SessionGateway::NewStub(channel)->CreateSession(&context, request, &answer.response);
  answer.initial_metadata = Copy(context.GetServerInitialMetadata());
  answer.trailers = Copy(context.GetServerTrailingMetadata());
  return answer;
}

std::pair<grpc::Status, std::string> CallRaw(const std::shared_ptr<grpc::Channel>& channel,
                                             const std::string& method, const std::string& message) {
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const grpc::Slice slice(message);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  grpc::GenericStub stub(channel);
  const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  EXPECT_TRUE(queue.Next(&tag, &ok));
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) continue;
  return {status, BytesOf(response)};
}

std::string HealthRequest(const std::string& service) {
  if (service.empty()) return {};
  return std::string("\x0a") + static_cast<char>(service.size()) + service;
}

}  // namespace session_gateway
