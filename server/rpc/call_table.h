// All calls of one server, and what they share: bounds, clock, log, and whether the server is draining.
//
// Thread rule: loop thread only, but for the constructor and destructor. Never here: what a call does.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>

#include "server/clock.h"
#include "server/event_loop.h"

namespace session_gateway {

class CallBase;
class Log;

struct CallLimits {
  std::size_t calls_max;      // calls whose logic runs
  Duration call_timeout;      // for a call without a deadline
  Duration call_timeout_max;  // the most that any call gets
};

class CallTable {
 public:
  using Slot = std::list<std::unique_ptr<CallBase>>::iterator;

  CallTable(const CallLimits& limits, Loop& loop, const Clock& clock, Log& log);
  ~CallTable();
  CallTable(const CallTable&) = delete;
  CallTable& operator=(const CallTable&) = delete;

  const CallLimits& limits() const { return limits_; }
  Loop& loop() { return loop_; }
  const Clock& clock() const { return clock_; }
  Log& log() { return log_; }

  // Takes a call that waits for its caller, and sets it listening.
  void Listen(std::unique_ptr<CallBase> call);
  // Destroys a call whose last event has come.
  void Remove(Slot slot);

  // False when the bound is reached; else the call counts until EndRunning.
  bool BeginRunning();
  void EndRunning() { --running_; }
  std::size_t running() const { return running_; }

  bool draining() const { return draining_; }
  // From here on arriving calls are refused. `on_empty` is called when no call is left, the listening ones
  // included, which end when the gRPC server shuts down.
  void BeginDrain(std::function<void()> on_empty);
  // Ends the waits of all running calls: the time for draining is over.
  void StopRunning();

 private:
  const CallLimits limits_;
  Loop& loop_;
  const Clock& clock_;
  Log& log_;
  std::list<std::unique_ptr<CallBase>> calls_;
  std::size_t running_ = 0;
  bool draining_ = false;
  std::function<void()> on_empty_;
};

}  // namespace session_gateway
