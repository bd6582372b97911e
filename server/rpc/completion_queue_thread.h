// The thread that waits on one of gRPC's completion queues and puts what it gets into the inbox of whom it
// concerns.
//
// Thread rule: all of it on the owner's thread. Never here: what an event means.
#pragma once

#include <grpcpp/completion_queue.h>

#include <memory>
#include <thread>

namespace session_gateway {

class CompletionQueueThread {
 public:
  // Calls are received through the queue once Start was called, which must follow.
  explicit CompletionQueueThread(std::unique_ptr<grpc::ServerCompletionQueue> queue)
      : queue_(std::move(queue)) {}
  ~CompletionQueueThread() { Join(); }
  CompletionQueueThread(const CompletionQueueThread&) = delete;
  CompletionQueueThread& operator=(const CompletionQueueThread&) = delete;

  grpc::ServerCompletionQueue& queue() { return *queue_; }

  void Start();
  // No operation is begun on the queue from now on. Returns when its last event is in an inbox, whose loop
  // may still be emptying it.
  void Shutdown();

 private:
  void WaitForEvents();
  void Join();

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::thread thread_;
};

}  // namespace session_gateway
