// The calls of one loop: those that have arrived and are not over.
//
// Thread rule: loop thread only, but for the constructor, the destructor, inbox(), handler() and running().
// Never here: what a call does, what the loops of a server share (lanes.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>

#include "server/event_loop.h"
#include "server/rpc/event_inbox.h"

namespace session_gateway {

class CallBase;
class SessionGatewayHandler;

class CallTable {
 public:
  using Slot = std::list<std::unique_ptr<CallBase>>::iterator;

  CallTable(Loop& loop, SessionGatewayHandler& handler);
  ~CallTable();
  CallTable(const CallTable&) = delete;
  CallTable& operator=(const CallTable&) = delete;

  Loop& loop() { return loop_; }
  EventInbox& inbox() { return inbox_; }
  SessionGatewayHandler& handler() { return handler_; }

  // Calls that run, or are about to.
  std::atomic<std::size_t>& running() { return running_; }

  // Takes a call that has arrived.
  void Add(std::unique_ptr<CallBase> call);
  // Destroys a call whose last event has come.
  void Remove(Slot slot);

  // Ends the waits of all running calls: the time for draining is over.
  void StopRunning();

 private:
  Loop& loop_;
  SessionGatewayHandler& handler_;
  EventInbox inbox_;
  std::atomic<std::size_t> running_ = 0;
  std::list<std::unique_ptr<CallBase>> calls_;
};

}  // namespace session_gateway
