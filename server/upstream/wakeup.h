// Wakes a thread that waits for a socket, from another thread.
//
// Thread rule: Wake from any thread; the rest by one. Never here: why it is woken, time.
#pragma once

#include <atomic>

#include "server/upstream/io_need.h"

namespace session_gateway {

class Wakeup {
 public:
  // Throws std::system_error when the system has no descriptor left.
  Wakeup();
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  void Wake();
  void Drain();
  // Returns once the socket is ready for one of the two, has failed, or Wake was called since Drain.
  void WaitFor(int socket, IoNeed one, IoNeed other) const;

 private:
  const int descriptor_;
  std::atomic<bool> is_set_ = false;  // spares the system's call where there is nothing to drain
};

}  // namespace session_gateway
