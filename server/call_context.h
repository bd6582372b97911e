// What a call carries through every layer: its deadline as a time point, the way to stop what it waits for,
// and a view of what is on the wire for it.
//
// The owner calls Stop when the deadline has come or the caller has left. The layer that is waiting
// registers, with a StopGuard, how its wait is cut short. At most one wait is registered at a time, for a
// call is one coroutine. From a stop on nothing more is sent.
//
// One wait may outlast a stop: for the answer to a request that has left whole, of a call that lingers. It
// ends with the answer, or when the owner calls Abandon.
//
// Thread rule: loop thread only. Never here: extending a call's deadline; that of an exchange that several
// calls wait for is the latest of theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/clock.h"
#include "server/endpoint.h"
#include "server/secret.h"
#include "translator/http_message.h"

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

// A request that is on its way, and the wait for its answer.
class Wire {
 public:
  virtual ~Wire() = default;
  // The system has taken all of the request.
  virtual bool has_left() const = 0;
  // What the exchange would end with if it were given up now.
  virtual SendResult Peek(StopReason reason) const = 0;
  virtual void Abandon() = 0;
};

class CallContext {
 public:
  explicit CallContext(TimePoint deadline) : deadline_(deadline) {}
  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  TimePoint deadline() const { return deadline_; }
  // For the owner of an exchange, as callers come and go.
  void set_deadline(TimePoint deadline) { deadline_ = deadline; }
  const Caller& caller() const { return caller_; }
  void set_caller(Caller caller) { caller_ = std::move(caller); }
  StopReason stopped() const { return stopped_; }

  // To which of an upstream's endpoints, by its place in their list, attempts of this call went.
  bool HasTried(std::size_t endpoint) const { return ((tried_endpoints_ >> endpoint) & 1) != 0; }
  void NoteTried(std::size_t endpoint) { tried_endpoints_ |= std::uint64_t{1} << endpoint; }

  // Something may have left for it.
  void BeginSending() { may_have_left_ = true; }
  bool may_have_left() const { return may_have_left_; }

  // From now on a request that has left whole waits for its answer beyond a stop, until Abandon.
  void LetLinger() { lingers_ = true; }

  // Ends the call's wait; the first reason stays. Called by the owner, or by a test.
  void Stop(StopReason reason) {
    if (stopped_ != StopReason::kNone) return;
    stopped_ = reason;
    if (on_notice_) on_notice_(reason);
    if (on_stop_) std::exchange(on_stop_, nullptr)();
    if (!lingers_ || wire_ == nullptr || !wire_->has_left()) Abandon();
  }

  // After Stop: no answer is waited for any longer either.
  void Abandon() {
    if (abandoned_) return;
    abandoned_ = true;
    if (wire_ != nullptr) wire_->Abandon();
  }
  bool abandoned() const { return abandoned_; }

  // What is to be done when the caller does not get the answer that the call ended with. The frame calls it,
  // at most once, while the call's messages are still there.
  void OnUndelivered(std::function<void()> action) { on_undelivered_ = std::move(action); }
  void NotifyUndelivered() {
    if (on_undelivered_) std::exchange(on_undelivered_, nullptr)();
  }

  // Where the last attempt went, `scheme://host:port`; empty before one.
  std::string_view endpoint() const { return endpoint_; }
  void set_endpoint(std::string_view endpoint) { endpoint_ = endpoint; }  // outlives the call

  // What the call has come to, for one who waits no longer: the result that its exchange would end with if it
  // were given up now. Nothing when it waits for no answer, so that it ends by itself, soon after a stop.
  std::optional<SendResult> Peek(StopReason reason) const {
    if (wire_ == nullptr || abandoned_) return std::nullopt;
    // Asked by handlers, out of which no exception may come.
    try {
      SendResult result = wire_->Peek(reason);
      if (auto* reply = std::get_if<HttpReply>(&result); reply != nullptr && on_peek_) on_peek_(*reply);
      return result;
    } catch (const std::bad_alloc&) {
      return SendFailure{FailureKind::kLost, Phase::kWait, true, "no memory for what has come of the answer"};
    }
  }

 private:
  friend class StopGuard;
  friend class WireGuard;
  friend class PeekGuard;
  friend class StopNotice;

  TimePoint deadline_;
  Caller caller_;
  StopReason stopped_ = StopReason::kNone;
  std::uint64_t tried_endpoints_ = 0;  // a bit each
  static_assert(kEndpointsMax <= 64);
  bool may_have_left_ = false;
  bool lingers_ = false;
  bool abandoned_ = false;
  std::string_view endpoint_;
  std::function<void()> on_stop_;
  Wire* wire_ = nullptr;
  std::function<void(HttpReply&)> on_peek_;
  std::function<void(StopReason)> on_notice_;
  std::function<void()> on_undelivered_;
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

// Registers `wire` for its own lifetime.
class WireGuard {
 public:
  WireGuard(CallContext& context, Wire& wire) : context_(context) { context_.wire_ = &wire; }
  ~WireGuard() { context_.wire_ = nullptr; }
  WireGuard(const WireGuard&) = delete;
  WireGuard& operator=(const WireGuard&) = delete;

 private:
  CallContext& context_;
};

// Registers what a layer adds to every reply that it hands up, so that a peeked one has it too.
class PeekGuard {
 public:
  PeekGuard(CallContext& context, std::function<void(HttpReply&)> on_peek) : context_(context) {
    context_.on_peek_ = std::move(on_peek);
  }
  ~PeekGuard() { context_.on_peek_ = nullptr; }
  PeekGuard(const PeekGuard&) = delete;
  PeekGuard& operator=(const PeekGuard&) = delete;

 private:
  CallContext& context_;
};

// Registers who is told of a stop before any wait ends by it.
class StopNotice {
 public:
  StopNotice(CallContext& context, std::function<void(StopReason)> on_notice) : context_(context) {
    context_.on_notice_ = std::move(on_notice);
  }
  ~StopNotice() { context_.on_notice_ = nullptr; }
  StopNotice(const StopNotice&) = delete;
  StopNotice& operator=(const StopNotice&) = delete;

 private:
  CallContext& context_;
};

}  // namespace session_gateway
