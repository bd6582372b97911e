#include "server/rpc/call_table.h"

#include <utility>

#include "server/rpc/call_base.h"

namespace session_gateway {

CallTable::CallTable(Loop& loop, SessionGatewayHandler& handler)
    : loop_(loop), handler_(handler), inbox_(loop) {}

CallTable::~CallTable() = default;

void CallTable::Add(std::unique_ptr<CallBase> call) {
  const Slot slot = calls_.insert(calls_.end(), std::move(call));
  (*slot)->set_slot(slot);
}

void CallTable::Remove(Slot slot) { calls_.erase(slot); }

void CallTable::StopRunning() {
  // A stopped call finishes, but none is destroyed before its events come: the list stands still.
  for (const auto& call : calls_) call->StopForDrain();
}

}  // namespace session_gateway
