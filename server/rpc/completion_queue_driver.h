// Brings gRPC's events to the loop: one thread waits on the completion queue and puts what it gets into an
// inbox, which the loop thread empties. Dispatch, on the loop thread, is the only way from gRPC into the
// program, so that another driver (one thread for queue and loop, several pairs) can take this one's place.
//
// The inbox is bounded by construction: each operation that was started on the queue ends as one event, and a
// call has at most two operations under way. What bounds the calls (CallTable) bounds the inbox.
//
// Thread rule: Start and Join on the owner's thread, Dispatch on the loop thread. Never here: what an event
// means.
#pragma once

#include <mutex>
#include <thread>
#include <vector>

#include "server/event_loop.h"

namespace grpc {
class CompletionQueue;
}

namespace session_gateway {

// An operation under way on a completion queue. Its address is the tag, as an EventTarget*.
class EventTarget {
 public:
  virtual void OnEvent(bool ok) = 0;

 protected:
  ~EventTarget() = default;
};

inline void Dispatch(void* tag, bool ok) { static_cast<EventTarget*>(tag)->OnEvent(ok); }

class CompletionQueueDriver {
 public:
  CompletionQueueDriver(grpc::CompletionQueue& queue, Loop& loop) : queue_(queue), loop_(loop) {}
  ~CompletionQueueDriver();
  CompletionQueueDriver(const CompletionQueueDriver&) = delete;
  CompletionQueueDriver& operator=(const CompletionQueueDriver&) = delete;

  void Start();

  // After the queue's Shutdown: returns when its last event is in the inbox. The loop may still be emptying
  // it.
  void Join();

 private:
  struct Event {
    void* tag;
    bool ok;
  };

  void WaitForEvents();
  void EmptyInbox();

  grpc::CompletionQueue& queue_;
  Loop& loop_;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<Event> inbox_;  // guarded by mutex_
  std::vector<Event> batch_;  // the loop thread's; kept for its memory
};

}  // namespace session_gateway
