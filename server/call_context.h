// What a call carries through every layer: its deadline as a time point, and the way to stop what it waits
// for.
//
// The frame of the call owns the timer and calls Stop when the deadline has come or the caller has left. The
// layer that is waiting registers, with a StopGuard, how its wait is cut short. At most one wait is
// registered at a time, for a call is one coroutine.
//
// Thread rule: loop thread only. Never here: extending a deadline.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "server/clock.h"
#include "server/secret.h"

namespace session_gateway {

enum class StopReason { kNone, kDeadline, kCancelled };

// Who calls, and what it brought for the upstream beside its message.
struct Caller {
  std::string identity;           // the name in its verified certificate; empty: it showed none
  Secret symphony_authorization;  // metadata `symphony-authorization`
  Secret symphony_cookie;         // metadata `symphony-cookie`
};

class CallContext {
 public:
  explicit CallContext(TimePoint deadline) : deadline_(deadline) {}
  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  TimePoint deadline() const { return deadline_; }
  const Caller& caller() const { return caller_; }
  void set_caller(Caller caller) { caller_ = std::move(caller); }
  StopReason stopped() const { return stopped_; }

  // Ends the call's wait; the first reason stays. Called by the frame, or by a test.
  void Stop(StopReason reason) {
    if (stopped_ != StopReason::kNone) return;
    stopped_ = reason;
    if (on_stop_) std::exchange(on_stop_, nullptr)();
  }

 private:
  friend class StopGuard;
  TimePoint deadline_;
  Caller caller_;
  StopReason stopped_ = StopReason::kNone;
  std::function<void()> on_stop_;
};

// Registers `on_stop` for its own lifetime. The owner checks `context.stopped()` before it begins to wait: a
// guard of an already stopped call never fires.
class StopGuard {
 public:
  StopGuard(CallContext& context, std::function<void()> on_stop) : context_(context) {
    context_.on_stop_ = std::move(on_stop);
  }
  ~StopGuard() { context_.on_stop_ = nullptr; }
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;

 private:
  CallContext& context_;
};

}  // namespace session_gateway
