#include "server/upstream/dialer.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include "server/upstream/loop_event.h"

namespace session_gateway {
namespace {

using boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;

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

// Waits as long as the system does.
std::vector<TcpAddress> AskSystem(const std::string& host, std::uint16_t port, ErrorCode& error) {
  boost::asio::io_context unused;
  tcp::resolver resolver(unused);
  std::vector<TcpAddress> addresses;
  for (const auto& entry :
       resolver.resolve(host, std::to_string(port), tcp::resolver::numeric_service, error)) {
    if (addresses.size() == kAddressesMax) break;
    addresses.push_back(entry.endpoint());
  }
  return addresses;
}

}  // namespace

SendFailure StoppedBeforeSending(const CallContext& context, Phase phase) {
  if (context.stopped() == StopReason::kCancelled) {
    return {FailureKind::kCancelled, phase, false, "the caller left before anything was sent"};
  }
  return {FailureKind::kDeadline, phase, false, "the deadline came before anything was sent"};
}

// Shared by the thread that asks, which may run long after the last call has gone, and those who wait.
struct NameResolver::Lookup {
  std::list<LoopEvent> waiting;
  bool ended = false;
  ErrorCode error;
  std::vector<TcpAddress> addresses;
  std::mutex mutex;
  bool is_given_up = false;  // the loop may be gone; guarded by mutex

  void End(const ErrorCode& ec, std::vector<TcpAddress> found) {
    ended = true;
    error = ec;
    addresses = std::move(found);
    for (LoopEvent& waiter : waiting) waiter.Announce();
  }
  void GiveUp() {
    const std::lock_guard lock(mutex);
    is_given_up = true;
  }
};

NameResolver::~NameResolver() {
  if (lookup_) lookup_->GiveUp();
}

// In a thread of its own, so that neither other names nor the end of the program wait for it.
std::shared_ptr<NameResolver::Lookup> NameResolver::Begin() {
  auto lookup = std::make_shared<Lookup>();
  try {
    std::thread([lookup, executor = executor_, host = endpoint_.host, port = endpoint_.port] {
      ErrorCode error;
      std::vector<TcpAddress> addresses = AskSystem(host, port, error);
      const std::lock_guard lock(lookup->mutex);
      if (lookup->is_given_up) return;
      boost::asio::post(executor, [lookup, error, found = std::move(addresses)]() mutable {
        lookup->End(error, std::move(found));
      });
    }).detach();
  } catch (const std::system_error& no_thread) {
    lookup->End(ErrorCode(no_thread.code().value(), boost::system::generic_category()), {});
  }
  return lookup;
}

Task<ResolveResult> NameResolver::Resolve(CallContext& context) {
  ErrorCode not_literal;
  const auto literal = boost::asio::ip::make_address(endpoint_.host, not_literal);
  if (!not_literal) co_return std::vector<TcpAddress>{TcpAddress(literal, endpoint_.port)};
  if (context.stopped() != StopReason::kNone) co_return StoppedBeforeSending(context, Phase::kResolve);

  if (!lookup_ || lookup_->ended) lookup_ = Begin();
  const std::shared_ptr<Lookup> lookup = lookup_;
  const auto own = lookup->waiting.emplace(lookup->waiting.end(), executor_);
  if (!lookup->ended) {
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
  if (lookup_ && lookup_->waiting.empty()) lookup_->GiveUp();
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
