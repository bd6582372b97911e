#include "server/upstream/bulkhead.h"

#include <list>
#include <optional>
#include <utility>

#include "server/upstream/dialer.h"
#include "server/upstream/loop_event.h"

namespace session_gateway {

// The slots and those who wait for one.
class Bulkhead::Slots {
 public:
  explicit Slots(const BulkheadLimits& limits) : limits_(limits) {}

  std::size_t running() const { return running_; }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  friend class Ticket;

  const BulkheadLimits limits_;
  std::size_t running_ = 0;
  std::list<Ticket*> waiting_;
};

// A call's place: in the queue, then a slot. Given back whatever way the call ends.
class Bulkhead::Ticket {
 public:
  explicit Ticket(std::shared_ptr<Slots> slots) : slots_(std::move(slots)) {}
  ~Ticket() {
    LeaveQueue();
    if (holds_slot_) PassOn();
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  bool holds_slot() const { return holds_slot_; }

  // While any call waits no slot is free, so nobody overtakes.
  bool TakeSlot() {
    if (slots_->running_ >= slots_->limits_.calls) return false;
    ++slots_->running_;
    holds_slot_ = true;
    return true;
  }

  bool Enqueue(const LoopExecutor& executor) {
    if (slots_->waiting_.size() >= slots_->limits_.queue) return false;
    turn_.emplace(executor);
    place_ = slots_->waiting_.insert(slots_->waiting_.end(), this);
    return true;
  }
  // Until there is a slot, or the call gives up.
  Task<void> Wait() { return turn_->Wait(); }
  // A slot that is held already is kept.
  void GiveUp() {
    LeaveQueue();
    turn_->Announce();
  }

 private:
  // To the first that waits. It is asked to run and does not run here, so that a row of calls which end at
  // once, each in the slot of the one before, is no recursion.
  void PassOn() {
    if (slots_->waiting_.empty()) {
      --slots_->running_;
      return;
    }
    Ticket& first = *slots_->waiting_.front();
    first.LeaveQueue();
    first.holds_slot_ = true;
    first.turn_->Announce();
  }
  void LeaveQueue() {
    if (place_) slots_->waiting_.erase(*std::exchange(place_, std::nullopt));
  }

  const std::shared_ptr<Slots> slots_;
  bool holds_slot_ = false;
  std::optional<std::list<Ticket*>::iterator> place_;  // while it waits
  std::optional<LoopEvent> turn_;
};

Bulkhead::Bulkhead(const LoopExecutor& executor, const BulkheadLimits& limits, const Clock& clock,
                   Transport& next)
    : executor_(executor), clock_(clock), next_(next), slots_(std::make_shared<Slots>(limits)) {}

Task<SendResult> Bulkhead::Send(const HttpRequest& request, CallContext& context) {
  const auto is_over = [&] {
    return context.stopped() != StopReason::kNone || clock_.Now() >= context.deadline();
  };
  if (is_over()) co_return StoppedBeforeSending(context, Phase::kQueue);
  Ticket ticket(slots_);
  if (!ticket.TakeSlot()) {
    if (!ticket.Enqueue(executor_)) {
      co_return SendFailure{FailureKind::kOverloaded, Phase::kQueue, false,
                            "too many calls are under way, and too many wait"};
    }
    {
      StopGuard guard(context, [&ticket] { ticket.GiveUp(); });
      co_await ticket.Wait();
    }
    if (!ticket.holds_slot() || is_over()) co_return StoppedBeforeSending(context, Phase::kQueue);
  }
  SendResult result = co_await next_.Send(request, context);
  co_return result;
}

std::size_t Bulkhead::running() const { return slots_->running(); }
std::size_t Bulkhead::waiting() const { return slots_->waiting(); }

}  // namespace session_gateway
