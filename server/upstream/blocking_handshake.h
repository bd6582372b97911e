// The handshake of one new connection as a job of a worker thread.
//
// Thread rule: Work on a worker; the rest on the loop thread, Abandon at any time. Never here: connecting.
#pragma once

#include <mutex>
#include <optional>

#include "server/upstream/blocking_connection.h"
#include "server/upstream/worker_threads.h"

namespace session_gateway {

class BlockingHandshake final : public BlockingJob {
 public:
  explicit BlockingHandshake(BlockingConnection& connection) : connection_(connection) {}

  void Work(WorkerTools& tools) override;
  void Abandon() override;

  // After Work: nothing when it was successful or abandoned.
  const std::optional<SendFailure>& failure() const { return failure_; }

 private:
  BlockingConnection& connection_;
  std::mutex mutex_;  // of the next two
  bool is_abandoned_ = false;
  Wakeup* wakeup_ = nullptr;  // of the worker, while it works
  std::optional<SendFailure> failure_;
};

}  // namespace session_gateway
