// Asks the upstream whether what a create would have made is there. A read, under the rules of every request:
// endpoints, credentials, retry. It has a time of its own, for it may run when no caller is left.
//
// Thread rule: loop thread only. Never here: when to ask, what follows.
#pragma once

#include "server/call_context.h"
#include "server/event_loop.h"
#include "server/once_create.h"

namespace session_gateway {

class OnceQuestion {
 public:
  // All that is handed in outlives it. It ends soon after `end`.
  OnceQuestion(Loop& loop, TimePoint end, const Caller& caller);
  OnceQuestion(const OnceQuestion&) = delete;
  OnceQuestion& operator=(const OnceQuestion&) = delete;

  // `create` has a question. Fills `there` when it is.
  Task<OnceCreate::Found> Ask(OnceCreate& create, CreateEnd& there);
  void Stop() { context_->Stop(StopReason::kDeadline); }

 private:
  const std::shared_ptr<CallContext> context_;
  LoopTimer timer_;
};

}  // namespace session_gateway
