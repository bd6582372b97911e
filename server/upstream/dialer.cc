#include "server/upstream/dialer.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/redirect_error.hpp>
#include <list>
#include <memory>
#include <string>

#include "server/upstream/loop_event.h"

namespace session_gateway {
namespace {

using boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Resolver = boost::asio::ip::basic_resolver<tcp, LoopExecutor>;

// Closes the socket when one address has had its share of the time. The timer's handler may still be due when
// the attempt has ended in the same turn of the loop, hence the weak reference.
class AttemptLimit {
 public:
  AttemptLimit(TcpSocket& socket, TimePoint end)
      : timer_(socket.get_executor()), socket_(std::make_shared<TcpSocket*>(&socket)) {
    timer_.expires_at(end);
    timer_.async_wait([weak = std::weak_ptr<TcpSocket*>(socket_)](const ErrorCode& ec) {
      ErrorCode ignored;
      if (auto alive = weak.lock(); alive && !ec) (*alive)->close(ignored);
    });
  }

 private:
  LoopTimer timer_;
  std::shared_ptr<TcpSocket*> socket_;
};

SendFailure Unreachable(Phase phase, std::string detail) {
  return {FailureKind::kUnreachable, phase, false, std::move(detail)};
}

}  // namespace

SendFailure StoppedBeforeSending(const CallContext& context, Phase phase) {
  if (context.stopped() == StopReason::kCancelled) {
    return {FailureKind::kCancelled, phase, false, "the caller left before anything was sent"};
  }
  return {FailureKind::kDeadline, phase, false, "the deadline came before anything was sent"};
}

// Shared by the resolver's handler, which may run long after the last call has gone, and those who wait.
struct NameResolver::Lookup {
  explicit Lookup(const LoopExecutor& executor) : resolver(executor) {}
  Resolver resolver;
  std::list<LoopEvent> waiting;
  bool ended = false;
  ErrorCode error;
  std::vector<TcpAddress> addresses;
};

std::shared_ptr<NameResolver::Lookup> NameResolver::Begin() {
  auto lookup = std::make_shared<Lookup>(executor_);
  lookup->resolver.async_resolve(endpoint_.host, std::to_string(endpoint_.port),
                                 tcp::resolver::numeric_service,
                                 [lookup](const ErrorCode& ec, const tcp::resolver::results_type& results) {
                                   lookup->ended = true;
                                   lookup->error = ec;
                                   for (const auto& entry : results) {
                                     if (lookup->addresses.size() == kAddressesMax) break;
                                     lookup->addresses.push_back(entry.endpoint());
                                   }
                                   for (LoopEvent& waiter : lookup->waiting) waiter.Announce();
                                 });
  return lookup;
}

Task<ResolveResult> NameResolver::Resolve(CallContext& context) {
  ErrorCode not_literal;
  const auto literal = boost::asio::ip::make_address(endpoint_.host, not_literal);
  if (!not_literal) co_return std::vector<TcpAddress>{TcpAddress(literal, endpoint_.port)};
  if (context.stopped() != StopReason::kNone) co_return StoppedBeforeSending(context, Phase::kResolve);

  std::shared_ptr<Lookup> lookup = lookup_.lock();
  if (!lookup || lookup->ended) {
    lookup = Begin();
    lookup_ = lookup;
  }
  const auto own = lookup->waiting.emplace(lookup->waiting.end(), executor_);
  {
    StopGuard guard(context, [waiter = &*own] { waiter->Announce(); });
    co_await own->Wait();
  }
  lookup->waiting.erase(own);
  if (context.stopped() != StopReason::kNone) co_return StoppedBeforeSending(context, Phase::kResolve);
  if (lookup->error || lookup->addresses.empty()) {
    co_return Unreachable(Phase::kResolve,
                          "cannot resolve " + endpoint_.host + ": " + lookup->error.message());
  }
  co_return lookup->addresses;
}

void NameResolver::Close() {
  const std::shared_ptr<Lookup> lookup = lookup_.lock();
  if (lookup && lookup->waiting.empty()) lookup->resolver.cancel();
}

Task<std::optional<SendFailure>> Connect(TcpSocket& socket, const std::vector<TcpAddress>& addresses,
                                         CallContext& context, const Clock& clock) {
  ErrorCode error = boost::asio::error::host_not_found;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const TimePoint now = clock.Now();
    const Duration left = context.deadline() - now;
    if (context.stopped() != StopReason::kNone || left <= Duration::zero()) {
      co_return StoppedBeforeSending(context, Phase::kConnect);
    }
    {
      StopGuard guard(context, [&socket] {
        ErrorCode ignored;
        socket.close(ignored);
      });
      std::optional<AttemptLimit> limit;
      const auto addresses_left = static_cast<Duration::rep>(addresses.size() - i);
      if (addresses_left > 1) limit.emplace(socket, now + left / addresses_left);
      co_await socket.async_connect(addresses[i], boost::asio::redirect_error(kUseTask, error));
    }
    if (context.stopped() != StopReason::kNone) {
      ErrorCode ignored;
      socket.close(ignored);
      co_return StoppedBeforeSending(context, Phase::kConnect);
    }
    // An attempt that succeeded in the turn in which its time ended has a closed socket.
    if (!error && socket.is_open()) {
      socket.set_option(tcp::no_delay(true), error);
      if (!error) socket.non_blocking(true, error);
      if (!error) co_return std::nullopt;
    }
    ErrorCode ignored;
    socket.close(ignored);
    if (!error) error = boost::asio::error::timed_out;
  }
  const std::string reason = error == boost::asio::error::operation_aborted ? "timed out" : error.message();
  SendFailure failure = Unreachable(Phase::kConnect, "cannot connect: " + reason);
  failure.system_error = error.value();
  co_return failure;
}

}  // namespace session_gateway
