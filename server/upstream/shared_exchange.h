// One piece of work that belongs to no caller: who waits for it may leave, and others may come, while it goes
// on. Exchanges runs it.
//
// Thread rule: loop thread only. Never here: who may join whom, what an end means.
#pragma once

#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>

#include "server/call_context.h"
#include "server/event_loop.h"
#include "server/upstream/loop_event.h"

namespace session_gateway {

class SharedExchange {
 public:
  // `caller` is who the work is done for at the upstream.
  SharedExchange(const LoopExecutor& executor, const Caller& caller);
  virtual ~SharedExchange() = default;
  SharedExchange(const SharedExchange&) = delete;
  SharedExchange& operator=(const SharedExchange&) = delete;

  // Its deadline is the latest of those who wait, and it is stopped when the last of them has left.
  CallContext& context() { return context_; }
  const CallContext& context() const { return context_; }
  bool ended() const { return ended_; }
  bool is_waited_for() const { return !waiting_.empty(); }

 protected:
  // The work. It ends soon after the context was stopped, but for the wait for the answer to a request that
  // has left, which ends soon after Abandon.
  virtual Task<void> Run() = 0;
  // Whether those who leave now are told something before the end, though nothing is on the wire.
  virtual bool knows_something() const { return false; }
  // Ends what still waits, soon.
  virtual void Abandon() { context_.Abandon(); }

  // Wakes all who wait; Run may go on. At the latest, its end does so.
  void AnnounceEnd();
  // There is something to tell those who have left.
  void WakeLeaving();
  // Nothing is sent from `end` on, whatever time the callers have.
  void LimitSending(TimePoint end);

 private:
  friend class Exchanges;

  // Somebody who waits.
  struct Waiter {
    Waiter(const LoopExecutor& executor, TimePoint the_deadline) : deadline(the_deadline) {
      wake.emplace(executor);
    }
    std::optional<LoopEvent> wake;
    const TimePoint deadline;
    std::list<Waiter*> node = {this};  // made here, so that joining either fails as a whole or not at all
    std::list<Waiter*>::iterator place = node.begin();
    bool has_left = false;
  };
  // Waits for its own lifetime.
  struct Joined {
    Joined(SharedExchange& the_exchange, Waiter& the_waiter) : exchange(the_exchange), waiter(the_waiter) {
      exchange.Join(waiter);
    }
    ~Joined() { exchange.Remove(waiter); }
    Joined(const Joined&) = delete;
    Joined& operator=(const Joined&) = delete;
    SharedExchange& exchange;
    Waiter& waiter;
  };

  void Join(Waiter& waiter);
  void Leave(Waiter& waiter, StopReason reason);
  void Remove(Waiter& waiter);
  void UpdateDeadline();

  CallContext context_;
  std::list<Waiter*> waiting_;
  std::list<Waiter*> leaving_;          // who have left, and are not yet told anything
  std::multiset<TimePoint> deadlines_;  // of those who wait
  TimePoint latest_deadline_ = TimePoint::max();
  TimePoint sending_end_ = TimePoint::max();
  bool started_ = false;
  std::list<std::shared_ptr<SharedExchange>>::iterator running_place_;  // once started
  bool ended_ = false;
  std::exception_ptr exception_;
  // While it lingers:
  bool lingering_ = false;
  int linger_round_ = 0;
  TimePoint left_at_;
  LoopTimer timer_;
  std::list<std::shared_ptr<SharedExchange>>::iterator place_;
  std::function<void(Duration lingered)> late_end_;
};

}  // namespace session_gateway
