// The waist: everything below it speaks HTTP, everything above it speaks of sessions. Credentials, retries
// and observation are layers that implement the same one method; server/upstream/stack.cc orders them.
//
// An answer is a value whatever its status; a SendFailure means that no whole answer header came, and says
// whether a byte of the request left. Thread rule: loop thread only. Never here: following redirects,
// decoding bodies.
#pragma once

#include "server/call_context.h"
#include "server/event_loop.h"
#include "translator/http_message.h"

namespace session_gateway {

class Transport {
 public:
  virtual ~Transport() = default;

  // Sends `request` and waits for its answer until `context.deadline()` or until the call is stopped. Both
  // must outlive the task.
  virtual Task<SendResult> Send(const HttpRequest& request, CallContext& context) = 0;
};

}  // namespace session_gateway
