// Closes the kept connections of a pool that have rested too long: one timer for all that is kept, set for
// the one that has rested longest.
//
// Thread rule: loop thread only; its shared owner may end before the loop. Never here: which connection is
// too old (connection_pool.h).
#pragma once

#include <memory>

#include "server/clock.h"
#include "server/event_loop.h"
#include "server/upstream/connection_pool.h"

namespace session_gateway {

template <typename Connection>
class IdleSweep : public std::enable_shared_from_this<IdleSweep<Connection>> {
 public:
  // Whoever has the pool ends the sweep before it. The clock outlives both.
  IdleSweep(const LoopExecutor& executor, ConnectionPool<Connection>& pool, const Clock& clock)
      : timer_(executor), pool_(pool), clock_(clock) {}

  // After a connection was kept.
  void Arm() {
    if (armed_ || pool_.idle() == 0) return;
    armed_ = true;
    timer_.expires_at(*pool_.NextExpiry());
    timer_.async_wait([weak = this->weak_from_this()](const boost::system::error_code&) {
      const auto self = weak.lock();
      if (!self) return;
      self->armed_ = false;
      self->pool_.Sweep(self->clock_.Now());
      self->Arm();
    });
  }
  void Cancel() { timer_.cancel(); }

 private:
  LoopTimer timer_;
  ConnectionPool<Connection>& pool_;
  const Clock& clock_;
  bool armed_ = false;
};

}  // namespace session_gateway
