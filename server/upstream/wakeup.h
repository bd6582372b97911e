// Wakes a thread that waits in poll, from another thread.
//
// Thread rule: Wake from any thread; the rest by one. Never here: why it is woken.
#pragma once

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
  int descriptor() const { return descriptor_; }  // readable once woken, until drained

 private:
  const int descriptor_;
};

}  // namespace session_gateway
