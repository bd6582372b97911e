#include "server/upstream/httplib_engine.h"

#include <boost/asio/post.hpp>
#include <list>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "server/upstream/blocking_connection.h"
#include "server/upstream/blocking_handshake.h"
#include "server/upstream/connection_pool.h"
#include "server/upstream/dialer.h"
#include "server/upstream/httplib_exchange.h"
#include "server/upstream/idle_sweep.h"
#include "server/upstream/loop_event.h"
#include "server/upstream/request_text.h"
#include "server/upstream/tls_blocking_connection.h"
#include "server/upstream/worker_threads.h"

namespace session_gateway {
namespace {

using ErrorCode = boost::system::error_code;
using Pool = ConnectionPool<BlockingConnection>;
using Lease = ConnectionLease<BlockingConnection>;

// Places for exchanges, and those who wait for one in the order of their coming.
class Places {
 public:
  Places(const LoopExecutor& executor, std::size_t places, std::size_t waiting_max)
      : executor_(executor), free_(places), waiting_max_(waiting_max) {}

  // Given back whatever way the exchange is left.
  class Holder {
   public:
    explicit Holder(Places& places) : places_(places) {}
    ~Holder() {
      LeaveQueue();
      if (holds_) places_.PassOn();
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

    bool holds() const { return holds_; }
    // True: there is a place now, or Wait for one; false: too many wait.
    bool Ask() {
      holds_ = places_.free_ > 0;
      if (holds_) {
        --places_.free_;
        return true;
      }
      if (places_.waiting_.size() >= places_.waiting_max_) return false;
      turn_.emplace(places_.executor_);
      in_queue_ = places_.waiting_.insert(places_.waiting_.end(), this);
      return true;
    }
    Task<void> Wait() { return turn_->Wait(); }
    // A place that is held already is kept.
    void GiveUp() {
      LeaveQueue();
      turn_->Announce();
    }

   private:
    friend class Places;
    void LeaveQueue() {
      if (in_queue_) places_.waiting_.erase(*std::exchange(in_queue_, std::nullopt));
    }

    Places& places_;
    bool holds_ = false;
    std::optional<std::list<Holder*>::iterator> in_queue_;
    std::optional<LoopEvent> turn_;
  };

 private:
  // While any waits no place is free, so nobody overtakes.
  void PassOn() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    Holder& first = *waiting_.front();
    first.LeaveQueue();
    first.holds_ = true;
    first.turn_->Announce();
  }

  const LoopExecutor executor_;
  std::size_t free_;
  const std::size_t waiting_max_;
  std::list<Holder*> waiting_;
};

// Cuts the body of an exchange that is still there when the time has come.
class BodyTimer : public std::enable_shared_from_this<BodyTimer> {
 public:
  BodyTimer(const LoopExecutor& executor, HttplibExchange& exchange)
      : timer_(executor), exchange_(&exchange) {}

  void Arm(TimePoint end) {
    if (exchange_ == nullptr) return;
    timer_.expires_at(end);
    timer_.async_wait([self = shared_from_this()](const ErrorCode& error) {
      if (!error && self->exchange_ != nullptr) self->exchange_->CutBody();
    });
  }
  void Disarm() {
    exchange_ = nullptr;
    timer_.cancel();
  }

 private:
  LoopTimer timer_;
  HttplibExchange* exchange_;
};

SendFailure NoThread() {
  return {FailureKind::kOverloaded, Phase::kQueue, false, "the system has no thread for the exchange"};
}

}  // namespace

class HttplibEngine::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Loop& loop, Endpoint endpoint, const EngineLimits& limits, const Clock& clock, const TlsClient* tls)
      : executor_(loop.get_executor()),
        endpoint_(std::move(endpoint)),
        origin_(endpoint_.Origin()),
        limits_(limits),
        clock_(clock),
        tls_(tls),
        resolver_(executor_, endpoint_),
        pool_(limits),
        places_(executor_, limits.threads, limits.connections),
        threads_(executor_, limits.threads),
        sweep_(std::make_shared<IdleSweep<BlockingConnection>>(executor_, pool_, clock_)) {}

  Task<SendResult> Send(const HttpRequest& request, CallContext& context);
  void Close();
  const Pool& pool() const { return pool_; }

 private:
  Task<std::optional<SendFailure>> TakePlace(Places::Holder& place, CallContext& context);
  std::shared_ptr<BlockingConnection> Make() const;
  Task<std::optional<SendFailure>> Open(BlockingConnection& connection, CallContext& context);
  Task<std::optional<SendFailure>> Handshake(BlockingConnection& connection, CallContext& context);
  Task<SendResult> Exchange(Lease& lease, const std::string& head, const HttpRequest& request,
                            CallContext& context);
  bool Over(const CallContext& context) const {
    return context.stopped() != StopReason::kNone || clock_.Now() >= context.deadline();
  }

  const LoopExecutor executor_;
  const Endpoint endpoint_;
  const std::string origin_;
  const EngineLimits limits_;
  const Clock& clock_;
  const TlsClient* const tls_;  // null: without TLS
  const std::shared_ptr<TlsSessions> sessions_ = std::make_shared<TlsSessions>();
  NameResolver resolver_;
  Pool pool_;
  Places places_;
  WorkerThreads threads_;
  const std::shared_ptr<IdleSweep<BlockingConnection>> sweep_;
};

Task<SendResult> HttplibEngine::Impl::Send(const HttpRequest& request, CallContext& context) {
  // Frames that are destroyed with their loop may outlive the engine.
  const auto self = shared_from_this();

  std::variant<std::string, RefusedText> head = RequestHead(endpoint_, request);
  if (auto* refused = std::get_if<RefusedText>(&head)) {
    co_return SendFailure{FailureKind::kRefusedText, Phase::kSend, false, std::move(refused->reason)};
  }
  context.set_endpoint(origin_);
  Places::Holder place(places_);
  std::optional<SendFailure> failure = co_await TakePlace(place, context);
  if (failure) co_return *std::move(failure);

  std::shared_ptr<BlockingConnection> connection = pool_.Take(clock_.Now());
  const bool is_new = connection == nullptr;
  if (is_new) {
    if (tls_ == nullptr && endpoint_.scheme == "https") {
      co_return SendFailure{FailureKind::kTls, Phase::kHandshake, false, "no TLS settings are in force"};
    }
    if (!pool_.Reserve()) {
      co_return SendFailure{FailureKind::kOverloaded, Phase::kQueue, false, "too many connections are open"};
    }
    connection = Make();
  }
  Lease lease(pool_, std::move(connection));
  if (is_new) {
    failure = co_await Open(*lease, context);
    if (failure) co_return *std::move(failure);
  }
  if (Over(context)) co_return StoppedBeforeSending(context, Phase::kSend);

  SendResult result = co_await Exchange(lease, std::get<std::string>(head), request, context);
  co_return result;
}

Task<std::optional<SendFailure>> HttplibEngine::Impl::TakePlace(Places::Holder& place, CallContext& context) {
  if (Over(context)) co_return StoppedBeforeSending(context, Phase::kQueue);
  const SendFailure closed{FailureKind::kOverloaded, Phase::kQueue, false, "the engine is closed"};
  if (pool_.closed()) co_return closed;
  if (!place.Ask()) {
    co_return SendFailure{FailureKind::kOverloaded, Phase::kQueue, false, "too many exchanges wait"};
  }
  if (!place.holds()) {
    {
      StopGuard guard(context, [&place] { place.GiveUp(); });
      co_await place.Wait();
    }
    if (!place.holds() || Over(context)) co_return StoppedBeforeSending(context, Phase::kQueue);
    if (pool_.closed()) co_return closed;
  }
  co_return std::nullopt;
}

std::shared_ptr<BlockingConnection> HttplibEngine::Impl::Make() const {
  if (tls_ != nullptr) {
    return std::make_shared<TlsBlockingConnection>(clock_.Now(), *tls_, sessions_, endpoint_.host);
  }
  return std::make_shared<PlainBlockingConnection>(clock_.Now());
}

Task<std::optional<SendFailure>> HttplibEngine::Impl::Open(BlockingConnection& connection,
                                                           CallContext& context) {
  ResolveResult resolved = co_await resolver_.Resolve(context);
  if (auto* failure = std::get_if<SendFailure>(&resolved)) co_return std::move(*failure);
  const auto& addresses = std::get<std::vector<TcpAddress>>(resolved);
  TcpSocket socket(executor_);
  std::optional<SendFailure> failure = co_await Connect(socket, addresses, context, clock_);
  if (failure) co_return failure;
  ErrorCode error;
  const int descriptor = socket.release(error);
  if (error) {
    co_return SendFailure{FailureKind::kUnreachable, Phase::kConnect, false,
                          "cannot connect: " + error.message()};
  }
  connection.Adopt(descriptor);
  if (tls_ != nullptr) failure = co_await Handshake(connection, context);
  co_return failure;
}

Task<std::optional<SendFailure>> HttplibEngine::Impl::Handshake(BlockingConnection& connection,
                                                                CallContext& context) {
  if (!threads_.Prepare()) co_return NoThread();
  BlockingHandshake handshake(connection);
  {
    StopGuard guard(context, [&handshake] { handshake.Abandon(); });
    co_await threads_.Run(handshake);
  }
  connection.Settle();
  if (context.stopped() != StopReason::kNone) co_return StoppedBeforeSending(context, Phase::kHandshake);
  co_return handshake.failure();
}

Task<SendResult> HttplibEngine::Impl::Exchange(Lease& lease, const std::string& head,
                                               const HttpRequest& request, CallContext& context) {
  std::shared_ptr<BodyTimer> body_timer;
  HttplibExchange exchange(*lease, limits_, origin_, [this, &body_timer] {
    boost::asio::post(executor_,
                      [this, timer = body_timer] { timer->Arm(clock_.Now() + limits_.error_body_wait); });
  });
  body_timer = std::make_shared<BodyTimer>(executor_, exchange);
  // Not after the first byte has left.
  if (!threads_.Prepare()) co_return NoThread();
  {
    WireGuard guard(context, exchange);
    context.BeginSending();
    exchange.Begin(head, request.body);
    try {
      co_await threads_.Run(exchange);
    } catch (const std::bad_alloc&) {
      // Bytes have left, and no thread is at it any more: what has come to pass is told.
    }
  }
  body_timer->Disarm();
  lease->Settle();
  SendResult result = exchange.Conclude(context.abandoned() ? context.stopped() : StopReason::kNone);
  if (exchange.IsClean()) {
    lease.Keep(clock_.Now());
    sweep_->Arm();
  }
  co_return result;
}

void HttplibEngine::Impl::Close() {
  pool_.Close();
  resolver_.Close();
  sweep_->Cancel();
}

HttplibEngine::HttplibEngine(Loop& loop, Endpoint endpoint, EngineLimits limits, const Clock& clock,
                             const TlsClient* tls)
    : impl_(std::make_shared<Impl>(loop, std::move(endpoint), limits, clock, tls)) {}

HttplibEngine::~HttplibEngine() { impl_->Close(); }

Task<SendResult> HttplibEngine::Send(const HttpRequest& request, CallContext& context) {
  return impl_->Send(request, context);
}

void HttplibEngine::Close() { impl_->Close(); }

std::size_t HttplibEngine::open_connections() const { return impl_->pool().open(); }
std::size_t HttplibEngine::idle_connections() const { return impl_->pool().idle(); }

}  // namespace session_gateway
