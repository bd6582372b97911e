#include "server/rpc/completion_queue_driver.h"

#include <grpc/support/time.h>

#include <boost/asio/post.hpp>

namespace session_gateway {
namespace {

constexpr int kEventsPerTurn = 64;  // then others on the loop have their turn
// So often nothing is found before a thread is woken to wait, which costs more than to look: under load
// something comes meanwhile.
constexpr int kEmptyPollsMax = 8;

}  // namespace

void CompletionQueueDriver::Start() {
  waiter_ = std::thread([this] { WaitElsewhere(); });
  PollSoon();
}

void CompletionQueueDriver::Shutdown() {
  queue_->Shutdown();
  if (!waiter_.joinable()) {  // it never was started
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) continue;
    return;
  }
  ended_.get_future().wait();
  EndWaiting();
  waiter_.join();
}

void CompletionQueueDriver::PollSoon() {
  boost::asio::post(loop_, [this] { Poll(); });
}

void CompletionQueueDriver::Poll() {
  ++empty_polls_;
  if (!TakeSome()) return ended_.set_value();
  if (empty_polls_ < kEmptyPollsMax) return PollSoon();
  empty_polls_ = 0;
  WaitForOne();
}

bool CompletionQueueDriver::TakeSome() {
  for (int i = 0; i < kEventsPerTurn; ++i) {
    void* tag = nullptr;
    bool ok = false;
    switch (queue_->AsyncNext(&tag, &ok, gpr_time_0(GPR_CLOCK_MONOTONIC))) {
      case grpc::CompletionQueue::SHUTDOWN:
        return false;
      case grpc::CompletionQueue::TIMEOUT:
        return true;
      case grpc::CompletionQueue::GOT_EVENT:
        empty_polls_ = 0;
        Dispatch(tag, ok);
        break;
    }
  }
  return true;
}

void CompletionQueueDriver::Dispatch(void* tag, bool ok) {
  auto& target = *static_cast<EventTarget*>(tag);
  target.TakeOver();
  EventInbox& inbox = target.Inbox(ok);
  if (&inbox == &own_) {
    target.OnEvent(ok);
  } else {
    inbox.Put(target, ok);
  }
}

void CompletionQueueDriver::WaitForOne() {
  const std::lock_guard lock(mutex_);
  may_wait_ = true;
  changed_.notify_one();
}

void CompletionQueueDriver::EndWaiting() {
  const std::lock_guard lock(mutex_);
  is_over_ = true;
  changed_.notify_one();
}

// The second thread.
void CompletionQueueDriver::WaitElsewhere() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return may_wait_ || is_over_; });
      if (is_over_) return;
      may_wait_ = false;
    }
    void* tag = nullptr;
    bool ok = false;
    if (!queue_->Next(&tag, &ok)) {
      PollSoon();  // which finds that the queue has ended
      continue;
    }
    boost::asio::post(loop_, [this, tag, ok] {
      Dispatch(tag, ok);
      Poll();
    });
  }
}

}  // namespace session_gateway
