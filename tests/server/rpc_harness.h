// A real server on a free port with scripted logic, and clients of it: what the frame's tests have in common.
//
// Thread rule: made and destroyed on the test's thread; calls from any. Never here: upstreams.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/clock.h"
#include "server/log.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/handler.h"
#include "sessiongateway/v1/session_gateway.grpc.pb.h"
#include "tests/server/lanes_under_test.h"

namespace session_gateway {

#ifdef SESSION_GATEWAY_SANITIZED
inline constexpr int kLoadDivisor = 10;
#else
inline constexpr int kLoadDivisor = 1;
#endif

using sessiongateway::v1::CreateExecutionSessionRequest;
using sessiongateway::v1::CreateExecutionSessionResponse;
using sessiongateway::v1::CreateSessionRequest;
using sessiongateway::v1::CreateSessionResponse;
using sessiongateway::v1::SessionGateway;

inline constexpr auto kPatience = std::chrono::seconds(60);  // a test that waits longer has failed

// Polls until `done` holds; false after kPatience.
bool WaitUntil(const std::function<bool()>& done);

// Ends when the context is stopped.
Task<void> UntilStopped(CallContext& context);

// Each test sets the logic that it needs; by default the application's name comes back.
class ScriptedHandler final : public SessionGatewayHandler {
 public:
  using Script = std::function<Task<std::optional<RpcError>>(const CreateSessionRequest&,
                                                             CreateSessionResponse&, CallContext&)>;

  Task<std::optional<RpcError>> CreateSession(CreateSessionRequest& request, CreateSessionResponse& response,
                                              CallContext& context) override;
  Task<std::optional<RpcError>> CreateExecutionSession(CreateExecutionSessionRequest& request,
                                                       CreateExecutionSessionResponse& response,
                                                       CallContext& context) override;

  Script script;                 // set before the first call
  std::atomic<int> started = 0;  // calls of the script
};

// Logic for scripts.
Task<std::optional<RpcError>> Echo(const CreateSessionRequest& request, CreateSessionResponse& response,
                                   CallContext& context);
// Waits to be stopped, then ends with DEADLINE_EXCEEDED or CANCELLED and that outcome.
ScriptedHandler::Script WaitForStop(Outcome outcome);

// Holds calls until a test lets them go.
class Gate {
 public:
  ScriptedHandler::Script script();
  int waiting() const { return waiting_; }
  void Open() { open_ = true; }

 private:
  Task<std::optional<RpcError>> Wait(const CreateSessionRequest& request, CreateSessionResponse& response,
                                     CallContext& context);
  std::atomic<int> waiting_ = 0;
  std::atomic<bool> open_ = false;
};

class TestServer {
 public:
  static GrpcServerOptions Options();

  explicit TestServer(ScriptedHandler::Script script, GrpcServerOptions options = Options(),
                      std::size_t lanes = LanesUnderTest());
  ~TestServer();

  void Drain() { server_->Drain(); }
  int port() const { return port_; }
  Loop& loop() { return lanes_.front().loop; }
  // Calls of the script, on each lane and in all.
  std::vector<int> StartedByLane() const;
  int started() const;
  // A connection of its own.
  std::shared_ptr<grpc::Channel> Connect() const;
  // What has been logged so far with that message.
  std::vector<nlohmann::json> Logged(std::string_view message) const;
  std::size_t lines() const;
  std::string log_text() const;

 private:
  SystemClock clock_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_
  Log log_;
  struct Lane {
    Loop loop{1};
    ScriptedHandler handler;
    boost::asio::executor_work_guard<LoopExecutor> work{loop.get_executor()};
    std::thread thread;
  };
  std::deque<Lane> lanes_;
  std::unique_ptr<GrpcServer> server_;
  int port_ = 0;
};

// One call and all that came back.
struct Answer {
  grpc::Status status;
  CreateSessionResponse response;
  std::multimap<std::string, std::string> initial_metadata;
  std::multimap<std::string, std::string> trailers;
  std::string outcome() const;  // of the trailer, or empty
};
Answer CallCreateSession(const std::shared_ptr<grpc::Channel>& channel, std::optional<Duration> timeout,
                         const std::string& name = "app", const std::string& request_id = "");

// A call by bytes: for services without a stub, and for what a stub would not send.
std::pair<grpc::Status, std::string> CallRaw(const std::shared_ptr<grpc::Channel>& channel,
                                             const std::string& method, const std::string& message);

inline constexpr char kCreateSessionMethod[] = "/sessiongateway.v1.SessionGateway/CreateSession";
inline constexpr char kHealthCheckMethod[] = "/grpc.health.v1.Health/Check";
inline constexpr char kHealthWatchMethod[] = "/grpc.health.v1.Health/Watch";
inline constexpr char kReflectionMethod[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// grpc.health.v1 by its bytes.
std::string HealthRequest(const std::string& service);
inline constexpr char kServing[] = "\x08\x01";
inline constexpr char kNotServing[] = "\x08\x02";

}  // namespace session_gateway
