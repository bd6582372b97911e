#include "server/rpc/grpc_server.h"

#include <grpc/grpc.h>
#include <grpc/support/time.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <future>
#include <limits>
#include <optional>
#include <utility>

#include "server/log.h"
#include "server/rpc/acceptor.h"
#include "server/rpc/call.h"
#include "server/rpc/completion_queue_driver.h"
#include "server/rpc/generic_services.h"
#include "server/rpc/handler.h"
#include "server/rpc/listener_tls.h"
#include "server/rpc/listening_sockets.h"
#include "server/run_on_loop.h"

namespace session_gateway {
namespace {

using sessiongateway::v1::CreateExecutionSessionRequest;
using sessiongateway::v1::CreateExecutionSessionResponse;
using sessiongateway::v1::CreateSessionRequest;
using sessiongateway::v1::CreateSessionResponse;
using sessiongateway::v1::SessionGateway;

constexpr RpcMethod<CreateSessionRequest, CreateSessionResponse> kCreateSession{
    .name = "sessiongateway.v1.SessionGateway/CreateSession",
    .upstream = Upstream::kSymphony,
    .request = &SessionGateway::AsyncService::RequestCreateSession,
    .handle = &SessionGatewayHandler::CreateSession};
constexpr RpcMethod<CreateExecutionSessionRequest, CreateExecutionSessionResponse> kCreateExecutionSession{
    .name = "sessiongateway.v1.SessionGateway/CreateExecutionSession",
    .upstream = Upstream::kQlik,
    .request = &SessionGateway::AsyncService::RequestCreateExecutionSession,
    .handle = &SessionGatewayHandler::CreateExecutionSession};

// Calls of each RPC that wait for a caller. gRPC drops what still queues behind them when it shuts down, so a
// burst should find room; a waiting call may hold one malformed request, so there are not many.
constexpr int kListeningCalls = 16;

constexpr int kMetadataSizeMax = 16 * 1024;
constexpr int kStreamsMin = 100;  // of one connection; RFC 9113 advises against less
constexpr int kKeepaliveTimeMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
constexpr int kPingIntervalMinMs = 10'000;
constexpr int kPingStrikesMax = 2;
constexpr Duration kAgeGraceMargin = std::chrono::seconds(10);

// So long new calls get a proper refusal before gRPC shuts down: from then on it cancels by itself what still
// arrives, which tells a caller nothing, until the client has seen its GOAWAY.
constexpr Duration kRefuseMax = std::chrono::milliseconds(100);
// What is kept back of the drain time for the answers of stopped calls.
constexpr Duration kDrainMarginMax = std::chrono::seconds(1);
constexpr int kDrainDivisor = 10;  // none of these takes more than this part of the drain time
// So long a peer has, once no call is left, to answer the ping that comes with its GOAWAY: then it has seen
// that, and has what was sent before. gRPC itself would wait twenty seconds for a peer that reads nothing.
constexpr Duration kGoawayGraceMax = std::chrono::milliseconds(500);

int ClampToInt(std::size_t number) {
  return static_cast<int>(std::min<std::size_t>(number, std::numeric_limits<int>::max()));
}

int Milliseconds(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return ClampToInt(static_cast<std::size_t>(std::max<std::int64_t>(count, 1)));
}

void Configure(grpc::ServerBuilder& builder, const GrpcServerOptions& options) {
  builder.SetMaxReceiveMessageSize(ClampToInt(options.request_size_max));
  // gRPC unpacks a message without a bound: a few kilobytes may become gigabytes.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  // Then nothing is left to do for the two filters that pack and unpack; a packed message is refused before.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataSizeMax);
  // A sidecar brings all calls over one connection.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             std::max(kStreamsMin, ClampToInt(options.calls_max)));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingIntervalMinMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, kPingStrikesMax);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(options.handshake_timeout));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(options.connection_age_max));
  // At the end of the grace running calls would be cut, and their callers would not learn their outcome.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             Milliseconds(options.call_timeout_max + kAgeGraceMargin));
}

gpr_timespec After(Duration duration) {
  const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(nanos, GPR_TIMESPAN));
}

}  // namespace

class GrpcServer::Impl {
 public:
  Impl(GrpcServerOptions options, const std::vector<ServerLane>& lanes, const Clock& clock, Log& log)
      : options_(std::move(options)),
        loop_(lanes.front().loop),
        clock_(clock),
        log_(log),
        lanes_({.calls_max = options_.calls_max,
                .call_timeout = options_.call_timeout,
                .call_timeout_max = options_.call_timeout_max},
               lanes, clock, log),
        refuse_timer_(loop_.get_executor()),
        stop_timer_(loop_.get_executor()),
        cut_timer_(loop_.get_executor()),
        services_(lanes_) {}

  ~Impl() { Drain(); }

  std::variant<int, std::string> Start();
  void Drain();

 private:
  void AddQueues(grpc::ServerBuilder& builder);
  void ShutDownQueues();
  void Listen(grpc::ServerCompletionQueue& queue, CallTable& lane);
  // Waits until each lane's loop has done what it was given so far.
  void WaitForLoops();
  // A connection of a caller, for gRPC to own. On the first lane's loop.
  void Take(int fd);
  // On the first lane's loop. `refused` is set when the time of refusals is over, `empty` when no call is
  // left.
  void BeginDrain(std::promise<void>& refused, std::promise<void>& empty);
  void StopRunning();
  // Ends the connections that are left. On the first lane's loop.
  void CutSoon();

  const GrpcServerOptions options_;
  Loop& loop_;  // the first lane's: of connections and of the drain's timers
  const Clock& clock_;
  Log& log_;
  Lanes lanes_;
  LoopTimer refuse_timer_;
  LoopTimer stop_timer_;
  LoopTimer cut_timer_;
  bool is_drained_ = false;  // on the first lane's loop
  SessionGateway::AsyncService service_;
  GenericServices services_;
  std::deque<CompletionQueueDriver> queues_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections_;
  std::optional<Acceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;  // null before Start and after Drain
  std::vector<boost::asio::executor_work_guard<LoopExecutor>> loop_work_;
};

// One a lane. gRPC gives each connection one of the queues.
void GrpcServer::Impl::AddQueues(grpc::ServerBuilder& builder) {
  for (CallTable& lane : lanes_.tables()) {
    queues_.emplace_back(builder.AddCompletionQueue(), lane.loop(), lane.inbox());
  }
}

void GrpcServer::Impl::ShutDownQueues() {
  for (CompletionQueueDriver& queue : queues_) queue.Shutdown();
}

void GrpcServer::Impl::Listen(grpc::ServerCompletionQueue& queue, CallTable& lane) {
  const RpcBinding binding{.lanes = lanes_, .lane = lane, .service = service_, .queue = queue};
  for (int i = 0; i < kListeningCalls; ++i) {
    CallBase::Listen(
        std::make_unique<Call<CreateSessionRequest, CreateSessionResponse>>(binding, kCreateSession));
    CallBase::Listen(std::make_unique<Call<CreateExecutionSessionRequest, CreateExecutionSessionResponse>>(
        binding, kCreateExecutionSession));
  }
}

void GrpcServer::Impl::WaitForLoops() {
  for (CallTable& lane : lanes_.tables()) RunOnLoop(lane.loop(), [] {});
}

std::variant<int, std::string> GrpcServer::Impl::Start() {
  // gRPC says nothing when it cannot use the credentials of connections that it is given.
  if (options_.tls && !options_.tls->HasContents()) return "the listener has no certificate yet";
  auto opened = OpenListeningSockets(options_.address);
  if (const auto* problem = std::get_if<std::string>(&opened)) {
    return "cannot listen on " + options_.address + ": " + *problem;
  }
  const int port = std::get<ListeningSockets>(opened).port;
  grpc::ServerBuilder builder;
  Configure(builder, options_);
  connections_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      options_.tls ? options_.tls->Credentials() : grpc::InsecureServerCredentials());
  builder.RegisterService(&service_);
  services_.Register(builder);
  AddQueues(builder);
  server_ = builder.BuildAndStart();
  if (!server_) {
    ShutDownQueues();
    return "gRPC does not start";
  }
  for (CallTable& lane : lanes_.tables()) loop_work_.emplace_back(lane.loop().get_executor());
  for (CompletionQueueDriver& queue : queues_) queue.Start();
  acceptor_.emplace(loop_, clock_, log_, std::get<ListeningSockets>(std::move(opened)),
                    options_.connections_max, [this](int fd) { Take(fd); });
  for (std::size_t lane = 0; lane < queues_.size(); ++lane) {
    Listen(queues_[lane].queue(), lanes_.tables()[lane]);
  }
  services_.Listen(queues_.front().queue());
  boost::asio::post(loop_, [this] { acceptor_->Start(); });
  return port;
}

void GrpcServer::Impl::Take(int fd) {
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
  connection.fd = fd;
  connections_->HandleNewConnection(&connection);
}

void GrpcServer::Impl::BeginDrain(std::promise<void>& refused, std::promise<void>& empty) {
  log_.Event(LogLevel::kInfo, "draining", {{"calls", static_cast<std::int64_t>(lanes_.running())}});
  // The listening calls have ended then, too, so gRPC has begun to shut down and takes no more calls.
  lanes_.OnEmpty([this, &empty] {
    boost::asio::post(loop_, [this, &empty] {
      CutSoon();
      empty.set_value();
    });
  });
  services_.BeginDrain();
  lanes_.BeginDrain();
  const Duration part = options_.drain_timeout / kDrainDivisor;
  const TimePoint now = clock_.Now();
  refuse_timer_.expires_at(now + std::min(part, kRefuseMax));
  refuse_timer_.async_wait([&refused](const boost::system::error_code&) { refused.set_value(); });
  stop_timer_.expires_at(now + options_.drain_timeout - std::min(part, kDrainMarginMax));
  stop_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !is_drained_) StopRunning();
  });
}

void GrpcServer::Impl::StopRunning() {
  for (CallTable& lane : lanes_.tables()) {
    boost::asio::post(lane.loop(), [&lane] { lane.StopRunning(); });
  }
}

void GrpcServer::Impl::CutSoon() {
  cut_timer_.expires_at(clock_.Now() + std::min(options_.drain_timeout / kDrainDivisor, kGoawayGraceMax));
  cut_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !is_drained_) grpc_server_cancel_all_calls(server_->c_server());
  });
}

void GrpcServer::Impl::Drain() {
  if (!server_) return;
  const TimePoint begin = clock_.Now();
  std::promise<void> refused;
  std::promise<void> empty;
  RunOnLoop(loop_, [&] { BeginDrain(refused, empty); });
  refused.get_future().wait();
  // gRPC would keep what it is given later, and never close it.
  RunOnLoop(loop_, [this] {
    acceptor_->Close();
    services_.EndStreams();
  });
  // Waits for every call that began, so the loop must run meanwhile.
  server_->Shutdown(After(begin + options_.drain_timeout - clock_.Now()));
  empty.get_future().wait();
  // No call is left that could begin an operation: only now may the queues end.
  ShutDownQueues();
  // The loops may be busy with the last events, and with the timers.
  RunOnLoop(loop_, [&] {
    stop_timer_.cancel();
    cut_timer_.cancel();
    // Their handlers may be due all the same, and would name lanes and a server that are gone by then.
    is_drained_ = true;
    services_.Close();
  });
  WaitForLoops();
  server_.reset();
  queues_.clear();
  loop_work_.clear();
  log_.Event(LogLevel::kInfo, "stopped",
             {{"duration_ms", std::chrono::duration<double, std::milli>(clock_.Now() - begin).count()},
              {"log_lines_dropped", static_cast<std::int64_t>(log_.dropped())}});
}

GrpcServer::GrpcServer(GrpcServerOptions options, const std::vector<ServerLane>& lanes, const Clock& clock,
                       Log& log)
    : impl_(std::make_unique<Impl>(std::move(options), lanes, clock, log)) {}

GrpcServer::~GrpcServer() = default;

std::variant<int, std::string> GrpcServer::Start() { return impl_->Start(); }

void GrpcServer::Drain() { impl_->Drain(); }

}  // namespace session_gateway
