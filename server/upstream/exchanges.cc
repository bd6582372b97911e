#include "server/upstream/exchanges.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <new>
#include <utility>

namespace session_gateway {

// One request, one caller.
class Exchanges::SingleSend final : public SharedExchange {
 public:
  SingleSend(const LoopExecutor& executor, const Caller& caller, Transport& transport, HttpRequest request)
      : SharedExchange(executor, caller), transport_(transport), request_(std::move(request)) {}

  SendResult TakeResult() {
    if (result_) return std::move(*result_);
    return SendFailure{FailureKind::kLost, Phase::kWait, true, "internal error"};
  }

 private:
  Task<void> Run() override { result_ = co_await transport_.Send(request_, context()); }

  Transport& transport_;
  const HttpRequest request_;
  std::optional<SendResult> result_;
};

Task<SendResult> Exchanges::Send(Transport& transport, HttpRequest request, CallContext& caller,
                                 std::function<LateEnd()> make_late_end) {
  const auto single =
      std::make_shared<SingleSend>(loop_.get_executor(), caller.caller(), transport, std::move(request));
  const std::shared_ptr<SharedExchange> exchange = single;
  const std::function<LateCall()> make_late_call = [&]() -> LateCall {
    return [weak = std::weak_ptr(single), late_end = make_late_end()](Duration lingered) {
      const auto ended = weak.lock();
      LateResult late{ended->TakeResult(), ended->context().endpoint(), lingered};
      late_end(late);
    };
  };
  Waited waited = co_await Wait(exchange, caller, make_late_call);
  if (waited.ended) co_return single->TakeResult();
  co_return std::move(*waited.known);
}

Task<Exchanges::Waited> Exchanges::Wait(std::shared_ptr<SharedExchange> exchange, CallContext& caller,
                                        std::function<LateCall()> make_late_end) {
  Waited waited;
  if (!exchange->ended_) {
    SharedExchange::Waiter waiter(loop_.get_executor(), caller.deadline());
    EndLinger(*exchange);
    const SharedExchange::Joined joined(*exchange, waiter);
    StopGuard guard(caller, [&] { exchange->Leave(waiter, caller.stopped()); });
    if (caller.stopped() != StopReason::kNone) exchange->Leave(waiter, caller.stopped());
    if (!exchange->started_) Start(exchange);
    for (;;) {
      co_await waiter.wake->Wait();
      if (exchange->ended_) break;
      // This one has left. What nobody waits for and nobody knows anything of ends by itself, and its own
      // result is the exact one.
      waited.known = exchange->context_.Peek(caller.stopped());
      if (waited.known || exchange->knows_something() || !exchange->waiting_.empty()) break;
      waiter.wake.emplace(loop_.get_executor());
    }
  }
  waited.ended = exchange->ended_;
  if (exchange->context_.may_have_left()) caller.BeginSending();
  caller.set_endpoint(exchange->context_.endpoint());
  if (exchange->exception_) std::rethrow_exception(exchange->exception_);
  if (waited.ended || !exchange->waiting_.empty()) co_return waited;
  try {
    Linger(exchange, make_late_end());
  } catch (const std::bad_alloc&) {
    exchange->Abandon();  // what has no timer must not wait
  }
  co_return waited;
}

Task<void> Exchanges::Run(std::shared_ptr<SharedExchange> exchange) { co_await exchange->Run(); }

void Exchanges::Start(const std::shared_ptr<SharedExchange>& exchange) {
  exchange->running_place_ = running_.insert(running_.end(), exchange);
  try {
    boost::asio::co_spawn(
        loop_.get_executor(), Run(exchange),
        [this, exchange](const std::exception_ptr& exception) { OnFinished(exchange, exception); });
  } catch (const std::bad_alloc&) {
    running_.erase(exchange->running_place_);
    throw;
  }
  exchange->started_ = true;
}

void Exchanges::Linger(const std::shared_ptr<SharedExchange>& exchange, LateCall late_end) {
  exchange->late_end_ = std::move(late_end);
  if (exchange->lingering_) return;
  exchange->left_at_ = clock_.Now();
  exchange->place_ = lingering_.insert(lingering_.end(), exchange);
  exchange->lingering_ = true;
  AbandonAt(exchange->left_at_ + linger_, exchange);
}

void Exchanges::EndLinger(SharedExchange& exchange) {
  if (!exchange.lingering_) return;
  exchange.lingering_ = false;
  exchange.timer_.cancel();
  lingering_.erase(exchange.place_);
}

void Exchanges::AbandonAt(TimePoint end, const std::shared_ptr<SharedExchange>& exchange) {
  exchange->timer_.expires_at(end);
  // One that was on its way when somebody came again is not meant any more.
  const int round = ++exchange->linger_round_;
  exchange->timer_.async_wait(
      [round, weak = std::weak_ptr<SharedExchange>(exchange)](const boost::system::error_code& error) {
        const auto alive = weak.lock();
        if (error || !alive || !alive->lingering_ || alive->linger_round_ != round) return;
        alive->Abandon();
      });
}

void Exchanges::OnFinished(const std::shared_ptr<SharedExchange>& exchange,
                           const std::exception_ptr& exception) {
  exchange->exception_ = exception;
  if (!exchange->ended_) exchange->AnnounceEnd();
  if (exchange->lingering_) {
    EndLinger(*exchange);
    try {
      exchange->late_end_(clock_.Now() - exchange->left_at_);
    } catch (const std::exception&) {
      // Nobody waits for it, and the others go on: its line of the log is lost.
    }
    exchange->late_end_ = nullptr;
  }
  running_.erase(exchange->running_place_);
  if (!running_.empty() || !on_idle_) return;
  drain_timer_.reset();
  std::exchange(on_idle_, nullptr)();
}

void Exchanges::Drain(TimePoint end, std::function<void()> on_idle) {
  if (running_.empty()) return on_idle();
  on_idle_ = std::move(on_idle);
  drain_timer_.emplace(loop_.get_executor(), end);
  drain_timer_->async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const auto still_running = running_;  // what is abandoned may end at once
    for (const auto& exchange : still_running) exchange->Abandon();
  });
}

}  // namespace session_gateway
