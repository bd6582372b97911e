// Time that a test hands to the event loop itself: the steady clock of the program stands still until it is
// moved, and every timer of a loop goes by it. A loop that is polled asks the system for nothing.
//
// A program that is linked with virtual_time.cc has no sockets and no other time. Thread rule: one thread.
// Never here: waiting.
#pragma once

#include "server/clock.h"

namespace session_gateway {

class VirtualTime final : public Clock {
 public:
  TimePoint Now() const override { return TimePoint::clock::now(); }
  WallTime WallNow() const override { return WallTime() + Now().time_since_epoch(); }

  static void Advance(Duration by);
};

}  // namespace session_gateway
