#include "server/rpc/event_inbox.h"

#include <boost/asio/post.hpp>

namespace session_gateway {

void EventInbox::Put(EventTarget& target, bool ok) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = events_.empty();
    events_.push_back({&target, ok});
  }
  // Whoever fills an empty inbox wakes the loop; under load one wake-up takes many events.
  if (was_empty) boost::asio::post(loop_, [this] { Empty(); });
}

void EventInbox::Empty() {
  {
    const std::lock_guard lock(mutex_);
    batch_.swap(events_);
  }
  for (const Event& event : batch_) event.target->OnEvent(event.ok);
  batch_.clear();
}

}  // namespace session_gateway
