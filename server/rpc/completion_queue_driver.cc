#include "server/rpc/completion_queue_driver.h"

#include <grpcpp/completion_queue.h>

#include <boost/asio/post.hpp>

namespace session_gateway {

CompletionQueueDriver::~CompletionQueueDriver() { Join(); }

void CompletionQueueDriver::Start() {
  thread_ = std::thread([this] { WaitForEvents(); });
}

void CompletionQueueDriver::Join() {
  if (thread_.joinable()) thread_.join();
}

void CompletionQueueDriver::WaitForEvents() {
  Event event{};
  while (queue_.Next(&event.tag, &event.ok)) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = inbox_.empty();
      inbox_.push_back(event);
    }
    // Whoever fills an empty inbox wakes the loop; under load one wake-up takes many events.
    if (was_empty) boost::asio::post(loop_, [this] { EmptyInbox(); });
  }
}

void CompletionQueueDriver::EmptyInbox() {
  {
    const std::lock_guard lock(mutex_);
    batch_.swap(inbox_);
  }
  for (const Event& event : batch_) Dispatch(event.tag, event.ok);
  batch_.clear();
}

}  // namespace session_gateway
