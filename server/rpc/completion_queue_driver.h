// Serves one of gRPC's completion queues on a loop: the loop's own thread takes events off the queue, in turn
// with everything else that the loop does, and only when there is nothing to take does a second thread wait
// for the queue's next event, so that the loop can wait for its own.
//
//   polling --nothing, several times in a row--> waiting: the second thread is in the queue, the loop goes on
//      ^`--events: each is dispatched, or put into the inbox of another lane
//      `---------------- the second thread has one event, and is out of the queue again --------'
//
// One thread at a time is in the queue. Why not one that always is: docs/decisions/lanes.md.
//
// Thread rule: Start and Shutdown on the owner's thread; the loop runs from before the first to after the
// second. Never here: what an event means.
#pragma once

#include <grpcpp/completion_queue.h>

#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "server/event_loop.h"
#include "server/rpc/event_inbox.h"

namespace session_gateway {

class CompletionQueueDriver {
 public:
  // Events for `own` belong to `loop`. Both outlive this.
  CompletionQueueDriver(std::unique_ptr<grpc::ServerCompletionQueue> queue, Loop& loop, EventInbox& own)
      : queue_(std::move(queue)), loop_(loop), own_(own) {}
  // Shutdown has returned, if Start was called.
  ~CompletionQueueDriver() = default;
  CompletionQueueDriver(const CompletionQueueDriver&) = delete;
  CompletionQueueDriver& operator=(const CompletionQueueDriver&) = delete;

  grpc::ServerCompletionQueue& queue() { return *queue_; }

  void Start();
  // No operation is begun on the queue from now on. Returns when its last event was dispatched or is in
  // another lane's inbox.
  void Shutdown();

 private:
  void PollSoon();
  void Poll();
  // Events that are there, a batch at most; false when the queue has ended.
  bool TakeSome();
  void Dispatch(void* tag, bool ok);

  void WaitForOne();
  void WaitElsewhere();
  void EndWaiting();

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  Loop& loop_;
  EventInbox& own_;
  int empty_polls_ = 0;       // in a row
  std::promise<void> ended_;  // the queue has

  std::mutex mutex_;
  std::condition_variable changed_;
  bool may_wait_ = false;  // guarded by mutex_, as is the next
  bool is_over_ = false;
  std::thread waiter_;
};

}  // namespace session_gateway
