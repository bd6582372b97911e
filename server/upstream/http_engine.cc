#include "server/upstream/http_engine.h"

#include <optional>
#include <string>
#include <utility>

#include "server/upstream/connection.h"
#include "server/upstream/connection_pool.h"
#include "server/upstream/dialer.h"
#include "server/upstream/exchange_end.h"
#include "server/upstream/http_answer.h"
#include "server/upstream/idle_sweep.h"
#include "server/upstream/request_text.h"
#include "server/upstream/tls_connection.h"
#include "server/upstream/tls_sessions.h"

namespace session_gateway {
namespace {

using ErrorCode = boost::system::error_code;
using Pool = ConnectionPool<Connection>;
using Lease = ConnectionLease<Connection>;

// Closes a connection whose body is waited for too long while the header was the whole answer: what came of
// the body is then handed on as one that was cut. The timer's handler may still be due when the exchange has
// ended, hence the weak reference.
class ErrorBodyLimit {
 public:
  explicit ErrorBodyLimit(Connection& connection) : connection_(connection) {}

  bool IsDue(const AnswerParser& answer) const {
    return !timer_ && answer.state() == AnswerParser::State::kReading && answer.header_done() &&
           (answer.status() < 200 || answer.status() >= 300);
  }
  void Arm(const LoopExecutor& executor, TimePoint end) {
    watched_ = std::make_shared<Connection*>(&connection_);
    timer_.emplace(executor);
    timer_->expires_at(end);
    timer_->async_wait([weak = std::weak_ptr<Connection*>(watched_)](const ErrorCode& error) {
      if (const auto watched = weak.lock(); watched && !error) (*watched)->Close();
    });
  }

 private:
  Connection& connection_;
  std::shared_ptr<Connection*> watched_;
  std::optional<LoopTimer> timer_;
};

// What an exchange has come to, once neither direction is waited for any more.
SendResult Conclude(AnswerParser& answer, const Connection& connection, StopReason stopped,
                    const ErrorCode& read_error) {
  const Connection::Write& write = connection.write();
  const Phase phase = PhaseOf(write, answer.started());
  const bool sent = write.bytes > 0;
  if (answer.state() == AnswerParser::State::kReading) {
    // Only a stop ends an exchange in the middle of an answer.
    if (stopped != StopReason::kDeadline || !answer.header_done())
      return StoppedExchange(stopped, phase, sent);
    answer.EndBody(BodyState::kDeadline);
  }
  switch (answer.state()) {
    case AnswerParser::State::kReply:
      // What was said before anything was asked is not an answer.
      if (!sent) return SendFailure{FailureKind::kLost, phase, false, "the peer spoke before the request"};
      return answer.TakeReply();
    case AnswerParser::State::kMalformed:
      return SendFailure{FailureKind::kMalformed, phase, sent, std::string(answer.fault()),
                         answer.fault_status()};
    case AnswerParser::State::kReading:
    case AnswerParser::State::kLost:
      break;
  }
  return LostExchange(write, connection.fault(), answer.started(), read_error);
}

// The exchange as those see it who wait for it no longer.
class ExchangeOnWire final : public Wire {
 public:
  ExchangeOnWire(Connection& connection, const AnswerParser& answer, const std::string& origin)
      : connection_(connection), answer_(answer), origin_(origin) {}

  bool has_left() const override { return connection_.write().ended; }
  SendResult Peek(StopReason reason) const override {
    const Connection::Write& write = connection_.write();
    if (!answer_.header_done() || reason != StopReason::kDeadline) {
      return StoppedExchange(reason, PhaseOf(write, answer_.started()), write.bytes > 0);
    }
    HttpReply reply = answer_.PeekReply(BodyState::kDeadline);
    reply.endpoint = origin_;
    return reply;
  }
  void Abandon() override { connection_.Close(); }

 private:
  Connection& connection_;
  const AnswerParser& answer_;
  const std::string& origin_;
};

}  // namespace

class HttpEngine::Impl : public std::enable_shared_from_this<Impl> {
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
        sweep_(std::make_shared<IdleSweep<Connection>>(executor_, pool_, clock_)) {}

  Task<SendResult> Send(const HttpRequest& request, CallContext& context);
  void Close();
  const Pool& pool() const { return pool_; }

 private:
  std::shared_ptr<Connection> Make() const;
  Task<std::optional<SendFailure>> Open(Connection& connection, CallContext& context);
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
  const std::shared_ptr<IdleSweep<Connection>> sweep_;
};

Task<SendResult> HttpEngine::Impl::Send(const HttpRequest& request, CallContext& context) {
  // Frames that are destroyed with their loop may outlive the engine.
  const auto self = shared_from_this();

  std::variant<std::string, RefusedText> head = RequestHead(endpoint_, request);
  if (auto* refused = std::get_if<RefusedText>(&head)) {
    co_return SendFailure{FailureKind::kRefusedText, Phase::kSend, false, std::move(refused->reason)};
  }
  context.set_endpoint(origin_);
  if (Over(context)) co_return StoppedBeforeSending(context, Phase::kQueue);
  if (pool_.closed()) {
    co_return SendFailure{FailureKind::kOverloaded, Phase::kQueue, false, "the engine is closed"};
  }

  std::shared_ptr<Connection> connection = pool_.Take(clock_.Now());
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
    std::optional<SendFailure> failure = co_await Open(*lease, context);
    if (failure) co_return *std::move(failure);
  }
  if (Over(context)) co_return StoppedBeforeSending(context, Phase::kSend);

  SendResult result = co_await Exchange(lease, std::get<std::string>(head), request, context);
  co_return result;
}

std::shared_ptr<Connection> HttpEngine::Impl::Make() const {
  if (tls_ == nullptr) return std::make_shared<PlainConnection>(executor_, clock_.Now());
  return std::make_shared<TlsConnection>(executor_, clock_.Now(), *tls_, sessions_, endpoint_.host);
}

Task<std::optional<SendFailure>> HttpEngine::Impl::Open(Connection& connection, CallContext& context) {
  ResolveResult resolved = co_await resolver_.Resolve(context);
  if (auto* failure = std::get_if<SendFailure>(&resolved)) co_return std::move(*failure);
  const auto& addresses = std::get<std::vector<TcpAddress>>(resolved);
  std::optional<SendFailure> failure = co_await Connect(connection.socket, addresses, context, clock_);
  if (!failure) failure = co_await connection.Handshake(context);
  co_return failure;
}

Task<SendResult> HttpEngine::Impl::Exchange(Lease& lease, const std::string& head, const HttpRequest& request,
                                            CallContext& context) {
  AnswerParser answer(limits_);
  ErrorCode read_error;
  {
    ExchangeOnWire wire(*lease, answer, origin_);
    WireGuard guard(context, wire);
    ErrorBodyLimit error_body(*lease);
    context.BeginSending();
    lease->StartWrite(head, request.body);
    while (answer.state() == AnswerParser::State::kReading && !context.abandoned()) {
      const std::string_view bytes = co_await lease->Read(read_error);
      // Bytes that came in the turn of the end still count; the error of an end is its own doing.
      if (!bytes.empty()) answer.Feed(bytes);
      if (error_body.IsDue(answer)) error_body.Arm(executor_, clock_.Now() + limits_.error_body_wait);
      if (read_error == boost::asio::error::eof) {
        answer.FeedEnd();
      } else if (read_error && !context.abandoned()) {
        answer.FeedLoss();
      }
    }
  }
  const StopReason stopped = context.abandoned() ? context.stopped() : StopReason::kNone;
  const bool clean =
      stopped == StopReason::kNone && lease->write().ended && !lease->write().error && answer.reusable();
  if (!clean) {
    lease->Close();
    co_await lease->WaitForWrite();
  }
  SendResult result = Conclude(answer, *lease, stopped, read_error);
  if (auto* reply = std::get_if<HttpReply>(&result)) reply->endpoint = origin_;
  if (clean) {
    lease.Keep(clock_.Now());
    sweep_->Arm();
  }
  co_return result;
}

void HttpEngine::Impl::Close() {
  pool_.Close();
  resolver_.Close();
  sweep_->Cancel();
}

HttpEngine::HttpEngine(Loop& loop, Endpoint endpoint, EngineLimits limits, const Clock& clock)
    : impl_(std::make_shared<Impl>(loop, std::move(endpoint), limits, clock, nullptr)) {}

HttpEngine::HttpEngine(Loop& loop, Endpoint endpoint, EngineLimits limits, const Clock& clock,
                       const TlsClient& tls)
    : impl_(std::make_shared<Impl>(loop, std::move(endpoint), limits, clock, &tls)) {}

HttpEngine::~HttpEngine() { impl_->Close(); }

Task<SendResult> HttpEngine::Send(const HttpRequest& request, CallContext& context) {
  return impl_->Send(request, context);
}

void HttpEngine::Close() { impl_->Close(); }

std::size_t HttpEngine::open_connections() const { return impl_->pool().open(); }
std::size_t HttpEngine::idle_connections() const { return impl_->pool().idle(); }

}  // namespace session_gateway
