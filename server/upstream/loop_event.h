// Something that one coroutine waits for and a handler announces: a flag with a wake-up.
//
// Boost 1.74 cannot wait for one of two operations, nor abandon a name resolution; an event can be announced
// by whichever comes first. Thread rule: loop thread only. Never here: a time limit.
#pragma once

#include <boost/asio/redirect_error.hpp>

#include "server/event_loop.h"

namespace session_gateway {

class LoopEvent {
 public:
  explicit LoopEvent(const LoopExecutor& executor) : timer_(executor, LoopTimer::time_point::max()) {}

  void Announce() {
    announced_ = true;
    timer_.cancel();
  }

  // Returns once the event was announced. At most one coroutine waits.
  Task<void> Wait() {
    while (!announced_) {
      boost::system::error_code ignored;
      co_await timer_.async_wait(boost::asio::redirect_error(kUseTask, ignored));
    }
  }

 private:
  LoopTimer timer_;
  bool announced_ = false;
};

}  // namespace session_gateway
