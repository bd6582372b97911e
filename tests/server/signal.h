// What one thread of a test sets and another awaits.
//
// Thread rule: any thread. Never here: signals of the operating system.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace session_gateway {

inline constexpr std::chrono::seconds kPatience{20};  // a test that waits longer has failed

// Set by one thread, awaited by another.
class Signal {
 public:
  void Set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  bool Wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [this] { return set_; });
  }
  bool IsSet() {
    const std::lock_guard lock(mutex_);
    return set_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

}  // namespace session_gateway
