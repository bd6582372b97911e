#include "server/rpc/completion_queue_thread.h"

#include "server/rpc/event_inbox.h"

namespace session_gateway {

void CompletionQueueThread::Start() {
  thread_ = std::thread([this] { WaitForEvents(); });
}

void CompletionQueueThread::Shutdown() {
  queue_->Shutdown();
  Join();
}

void CompletionQueueThread::Join() {
  if (thread_.joinable()) thread_.join();
}

void CompletionQueueThread::WaitForEvents() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) {
    auto& target = *static_cast<EventTarget*>(tag);
    target.Inbox().Put(target, ok);
  }
}

}  // namespace session_gateway
