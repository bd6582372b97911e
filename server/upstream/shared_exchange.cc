#include "server/upstream/shared_exchange.h"

#include <algorithm>

namespace session_gateway {

SharedExchange::SharedExchange(const LoopExecutor& executor, const Caller& caller)
    : context_(TimePoint::max()), timer_(executor) {
  context_.set_caller(caller);
  context_.LetLinger();
}

void SharedExchange::AnnounceEnd() {
  ended_ = true;
  for (Waiter* waiter : waiting_) waiter->wake->Announce();
  WakeLeaving();
}

void SharedExchange::WakeLeaving() {
  for (Waiter* waiter : leaving_) waiter->wake->Announce();
}

void SharedExchange::LimitSending(TimePoint end) {
  sending_end_ = end;
  UpdateDeadline();
}

void SharedExchange::Join(Waiter& waiter) {
  deadlines_.insert(waiter.deadline);
  waiting_.splice(waiting_.end(), waiter.node);
  UpdateDeadline();
}

void SharedExchange::Leave(Waiter& waiter, StopReason reason) {
  if (ended_) return;
  waiter.has_left = true;
  leaving_.splice(leaving_.end(), waiting_, waiter.place);
  deadlines_.erase(deadlines_.find(waiter.deadline));
  UpdateDeadline();
  if (waiting_.empty()) context_.Stop(reason);
  waiter.wake->Announce();
}

void SharedExchange::Remove(Waiter& waiter) {
  if (waiter.has_left) {
    leaving_.erase(waiter.place);
  } else {
    waiting_.erase(waiter.place);
    deadlines_.erase(deadlines_.find(waiter.deadline));
  }
}

void SharedExchange::UpdateDeadline() {
  // The last one's stays when all have left.
  if (!deadlines_.empty()) latest_deadline_ = *deadlines_.rbegin();
  context_.set_deadline(std::min(latest_deadline_, sending_end_));
}

}  // namespace session_gateway
