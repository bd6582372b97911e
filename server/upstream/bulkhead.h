// Bounds the calls of one upstream, so that one that stalls takes no more of this process than its share: so
// many are under way at once, so many more wait, in the order in which they came, and any other is refused at
// once.
//
// A call that waits is freed by its deadline or by its caller's leaving, and is not sent then. A slot that
// becomes free is handed to the first that waits; that one runs in a turn of the loop of its own, however
// many wait. Thread rule: loop thread only. Never here: which endpoint, a second try.
#pragma once

#include <cstddef>
#include <memory>

#include "server/clock.h"
#include "server/upstream/stack_limits.h"
#include "server/upstream/transport.h"

namespace session_gateway {

class Bulkhead final : public Transport {
 public:
  // Clock and `next` outlive the bulkhead.
  Bulkhead(const LoopExecutor& executor, const BulkheadLimits& limits, const Clock& clock, Transport& next);

  Task<SendResult> Send(const HttpRequest& request, CallContext& context) override;

  std::size_t running() const;  // calls that hold a slot
  std::size_t waiting() const;

 private:
  class Slots;
  class Ticket;

  const LoopExecutor executor_;
  const Clock& clock_;
  Transport& next_;
  const std::shared_ptr<Slots> slots_;  // shared with calls, whose frames may outlive the bulkhead
};

}  // namespace session_gateway
