// What a call carries through every layer: its deadline as a time point, and the way to stop what it waits
// for.
//
// The frame of the call owns the timer and calls Stop when the deadline has come or the caller has left. The
// layer that is waiting registers, with a StopGuard, how its wait is cut short. At most one wait is
// registered at a time, for a call is one coroutine.
//
// Thread rule: loop thread only. Never here: extending a deadline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "server/clock.h"
#include "server/endpoint.h"
#include "server/secret.h"

namespace session_gateway {

enum class StopReason { kNone, kDeadline, kCancelled };

// Who calls, and what it brought for the upstream beside its message. The identity is the first name that its
// verified certificate has: of the alternative names a URI (the SPIFFE ID in a mesh), else a DNS name; else
// the common name. It is empty when the caller showed no certificate, or when that name is longer than 256
// bytes, holds control characters or is no UTF-8. Metadata is there as it came, on calls for Symphony only; a
// call that brings two different values for one key is refused.
struct Caller {
  std::string identity;
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

  // To which of an upstream's endpoints, by its place in their list, attempts of this call went.
  bool HasTried(std::size_t endpoint) const { return ((tried_endpoints_ >> endpoint) & 1) != 0; }
  void NoteTried(std::size_t endpoint) { tried_endpoints_ |= std::uint64_t{1} << endpoint; }

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
  std::uint64_t tried_endpoints_ = 0;  // a bit each
  static_assert(kEndpointsMax <= 64);
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
