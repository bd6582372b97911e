// How gRPC's events come to a loop. A loop takes them off its own lane's queue and calls OnEvent at once
// (completion_queue_driver.h); what belongs to another lane it puts into that lane's inbox, which that lane's
// loop thread empties. OnEvent, on the loop thread, is the only way from gRPC into the program.
//
// The inbox is bounded by construction: each operation that was started on a queue ends as one event, and a
// call has at most three operations under way. What bounds the calls bounds the inboxes.
//
// Thread rule: Put on any thread, all else on the loop thread. Never here: what an event means, which inbox
// it belongs to.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "server/event_loop.h"

namespace session_gateway {

class EventInbox;

// An operation under way on a completion queue. Its address is the tag, as an EventTarget*.
class EventTarget {
 public:
  // Around an operation that one thread begins and another gets the event of, for what the first has written.
  // gRPC's locks order the two as well, but nobody sees that who checks this program for races.
  void HandOver() { handed_over_.store(true, std::memory_order_release); }
  void TakeOver() { (void)handed_over_.load(std::memory_order_acquire); }

  // Where its event goes. On the queue's thread, once for each event, with what OnEvent will be told.
  virtual EventInbox& Inbox(bool ok) = 0;
  // On the loop thread of that inbox.
  virtual void OnEvent(bool ok) = 0;

 protected:
  ~EventTarget() = default;

 private:
  std::atomic<bool> handed_over_ = false;
};

class EventInbox {
 public:
  explicit EventInbox(Loop& loop) : loop_(loop) {}
  EventInbox(const EventInbox&) = delete;
  EventInbox& operator=(const EventInbox&) = delete;

  void Put(EventTarget& target, bool ok);

 private:
  struct Event {
    EventTarget* target;
    bool ok;
  };

  void Empty();

  Loop& loop_;
  std::mutex mutex_;
  std::vector<Event> events_;  // guarded by mutex_
  std::vector<Event> batch_;   // the loop thread's; kept for its memory
};

}  // namespace session_gateway
