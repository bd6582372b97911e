// A secret of the gateway's own that may be replaced while the program runs: a password, a token.
//
// Thread rule: current() on any thread, all else on the loop thread of whoever replaces it. Never here: where
// it comes from.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "server/secret.h"

namespace session_gateway {

class GatewaySecret {
 public:
  Secret current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

  void Replace(Secret secret) {
    {
      const std::lock_guard lock(mutex_);
      current_ = std::move(secret);
    }
    if (on_change_) on_change_();
  }

  // Called after each replacement; empty: nobody is. Whoever sets it takes it back before its own end.
  void OnChange(std::function<void()> on_change) { on_change_ = std::move(on_change); }

 private:
  mutable std::mutex mutex_;
  Secret current_;  // guarded by mutex_
  std::function<void()> on_change_;
};

// Connects the two for its own lifetime.
class GatewaySecretWatch {
 public:
  GatewaySecretWatch(std::shared_ptr<GatewaySecret> secret, std::function<void()> on_change)
      : secret_(std::move(secret)) {
    secret_->OnChange(std::move(on_change));
  }
  ~GatewaySecretWatch() { secret_->OnChange(nullptr); }
  GatewaySecretWatch(const GatewaySecretWatch&) = delete;
  GatewaySecretWatch& operator=(const GatewaySecretWatch&) = delete;

  Secret current() const { return secret_->current(); }

 private:
  const std::shared_ptr<GatewaySecret> secret_;
};

}  // namespace session_gateway
