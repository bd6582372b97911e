#include "server/upstream/exchanges.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "server/upstream/loop_event.h"

namespace session_gateway {

struct Exchanges::Exchange {
  Exchange(const LoopExecutor& executor, HttpRequest the_request, const CallContext& caller)
      : context(caller.deadline()), request(std::move(the_request)), wait_is_over(executor), timer(executor) {
    context.set_caller(caller.caller());
    context.LetLinger();
    if (caller.stopped() != StopReason::kNone) context.Stop(caller.stopped());
  }

  void CallerLeft(StopReason reason) {
    context.Stop(reason);
    // One of which no byte is on its way ends by itself, and its own result is the exact one.
    left_with = context.Peek(reason);
    if (left_with) wait_is_over.Announce();
  }

  CallContext context;
  const HttpRequest request;
  LoopEvent wait_is_over;
  std::optional<SendResult> result;
  std::exception_ptr exception;
  std::optional<SendResult> left_with;  // what the caller is told that does not wait for the end
  // While it lingers:
  LateEnd late_end;
  TimePoint left_at;
  LoopTimer timer;
  Lingering::iterator place;
};

Task<SendResult> Exchanges::Send(Transport& transport, HttpRequest request, CallContext& caller,
                                 std::function<LateEnd()> make_late_end) {
  const auto exchange = std::make_shared<Exchange>(loop_.get_executor(), std::move(request), caller);
  Start(exchange, transport);
  {
    StopGuard guard(caller, [waiting = exchange.get(), &caller] { waiting->CallerLeft(caller.stopped()); });
    co_await exchange->wait_is_over.Wait();
  }
  if (exchange->context.may_have_left()) caller.BeginSending();
  caller.set_endpoint(exchange->context.endpoint());
  if (exchange->exception) std::rethrow_exception(exchange->exception);
  if (exchange->result) co_return std::move(*exchange->result);
  try {
    Linger(exchange, make_late_end());
  } catch (const std::bad_alloc&) {
    exchange->context.Abandon();  // what has no timer must not wait
  }
  co_return std::move(*exchange->left_with);
}

Task<void> Exchanges::Run(std::shared_ptr<Exchange> exchange, Transport& transport) {
  exchange->result = co_await transport.Send(exchange->request, exchange->context);
}

void Exchanges::Start(const std::shared_ptr<Exchange>& exchange, Transport& transport) {
  boost::asio::co_spawn(loop_.get_executor(), Run(exchange, transport),
                        [this, exchange](const std::exception_ptr& exception) {
                          exchange->exception = exception;
                          OnEnded(exchange);
                        });
}

void Exchanges::Linger(const std::shared_ptr<Exchange>& exchange, LateEnd late_end) {
  exchange->left_at = clock_.Now();
  AbandonAt(exchange->left_at + linger_, exchange);
  exchange->place = lingering_.insert(lingering_.end(), exchange);
  exchange->late_end = std::move(late_end);
}

void Exchanges::AbandonAt(TimePoint end, const std::shared_ptr<Exchange>& exchange) {
  exchange->timer.expires_at(end);
  exchange->timer.async_wait(
      [weak = std::weak_ptr<Exchange>(exchange)](const boost::system::error_code& error) {
        const auto alive = weak.lock();
        if (alive && !error) alive->context.Abandon();
      });
}

void Exchanges::OnEnded(const std::shared_ptr<Exchange>& exchange) {
  if (!exchange->late_end) return exchange->wait_is_over.Announce();
  exchange->timer.cancel();
  if (!exchange->result) {
    exchange->result = SendFailure{FailureKind::kLost, Phase::kWait, true, "internal error"};
  }
  LateResult late{std::move(*exchange->result), exchange->context.endpoint(),
                  clock_.Now() - exchange->left_at};
  try {
    exchange->late_end(late);
  } catch (const std::exception&) {
    // Nobody waits for it, and the others go on: its line of the log is lost.
  }
  lingering_.erase(exchange->place);
  if (lingering_.empty() && on_idle_) std::exchange(on_idle_, nullptr)();
}

void Exchanges::Drain(TimePoint end, std::function<void()> on_idle) {
  if (lingering_.empty()) return on_idle();
  on_idle_ = std::move(on_idle);
  for (const auto& exchange : lingering_) {
    if (exchange->timer.expiry() > end) AbandonAt(end, exchange);
  }
}

}  // namespace session_gateway
