#include "server/rpc/call_table.h"

#include <utility>

#include "server/rpc/call_base.h"

namespace session_gateway {

CallTable::CallTable(const CallLimits& limits, Loop& loop, const Clock& clock, Log& log)
    : limits_(limits), loop_(loop), clock_(clock), log_(log) {}

CallTable::~CallTable() = default;

void CallTable::Listen(std::unique_ptr<CallBase> call) {
  const Slot slot = calls_.insert(calls_.end(), std::move(call));
  (*slot)->set_slot(slot);
  (*slot)->Listen();
}

void CallTable::Remove(Slot slot) {
  calls_.erase(slot);
  if (calls_.empty() && on_empty_) std::exchange(on_empty_, nullptr)();
}

bool CallTable::BeginRunning() {
  if (running_ >= limits_.calls_max) return false;
  ++running_;
  return true;
}

void CallTable::BeginDrain(std::function<void()> on_empty) {
  draining_ = true;
  on_empty_ = std::move(on_empty);
}

void CallTable::StopRunning() {
  // A stopped call finishes, but none is destroyed before its events come: the list stands still.
  for (const auto& call : calls_) call->StopForDrain();
}

}  // namespace session_gateway
