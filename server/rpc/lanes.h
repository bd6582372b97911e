// The loops that a server's calls run on, side by side, and what these share: the bound on calls, whether the
// server is draining, clock and log.
//
// A call runs on one lane from its arrival to its end. Calls with the same request_id share a lane, so what
// is known of a request_id belongs to one loop. All others stay on the lane of their connection's queue,
// until that has kLeadMax calls more than the emptiest lane, which takes the next one. So each lane has its
// part of the calls however few connections bring them.
//
// Thread rule: any thread, but for the constructor and the destructor. Never here: what is done on a lane.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

#include "server/clock.h"
#include "server/rpc/call_table.h"

namespace session_gateway {

class Log;

struct CallLimits {
  std::size_t calls_max;      // calls that run, or are about to on a lane that is busy
  Duration call_timeout;      // for a call without a deadline
  Duration call_timeout_max;  // the most that any call gets
};

// One loop and the logic that runs on it. Both outlive the server.
struct ServerLane {
  Loop& loop;
  SessionGatewayHandler& handler;
};

class Lanes {
 public:
  static constexpr std::size_t kLeadMax = 32;

  // At least one.
  Lanes(const CallLimits& limits, const std::vector<ServerLane>& lanes, const Clock& clock, Log& log);
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  const CallLimits& limits() const { return limits_; }
  const Clock& clock() const { return clock_; }
  Log& log() { return log_; }
  std::deque<CallTable>& tables() { return tables_; }

  // Of a call that arrives by the queue of `own`; `request_id` is empty when it has none.
  CallTable& Choose(std::string_view request_id, CallTable& own);

  // False when the bound is reached; else the call counts until EndRunning.
  bool BeginRunning(CallTable& lane);
  void EndRunning(CallTable& lane);
  std::size_t running() const { return running_; }

  // Arriving calls are refused from now on.
  void BeginDrain() { draining_ = true; }
  bool draining() const { return draining_; }

  // Every call counts from its making, when it only listens, to its end. `on_empty` is called once when none
  // is left, on whatever thread that is: the listening ones end when the gRPC server shuts down.
  void Enter() { ++calls_; }
  void Leave();
  void OnEmpty(std::function<void()> on_empty);

 private:
  const CallLimits limits_;
  const Clock& clock_;
  Log& log_;
  std::deque<CallTable> tables_;
  std::atomic<std::size_t> running_ = 0;
  std::atomic<std::size_t> calls_ = 0;
  std::atomic<bool> draining_ = false;
  std::mutex mutex_;
  std::function<void()> on_empty_;  // guarded by mutex_
};

// Counts a call that has it as its first member until nothing of the call is left.
class CallPresence {
 public:
  explicit CallPresence(Lanes& lanes) : lanes_(lanes) { lanes_.Enter(); }
  ~CallPresence() { lanes_.Leave(); }
  CallPresence(const CallPresence&) = delete;
  CallPresence& operator=(const CallPresence&) = delete;

 private:
  Lanes& lanes_;
};

}  // namespace session_gateway
