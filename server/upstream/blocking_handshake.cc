#include "server/upstream/blocking_handshake.h"

#include <exception>

namespace session_gateway {

void BlockingHandshake::Work(WorkerTools& tools) {
  const auto set_wakeup = [this](Wakeup* wakeup) {
    const std::lock_guard lock(mutex_);
    wakeup_ = wakeup;
  };
  const auto is_abandoned = [this] {
    const std::lock_guard lock(mutex_);
    return is_abandoned_;
  };
  tools.wakeup.Drain();
  set_wakeup(&tools.wakeup);
  try {
    while (!is_abandoned()) {
      const IoNeed need = connection_.Shake(failure_);
      if (need == IoNeed::kNothing) break;
      tools.wakeup.WaitFor(connection_.descriptor(), need, IoNeed::kNothing);
    }
  } catch (const std::exception&) {
    failure_ = SendFailure{FailureKind::kUnreachable, Phase::kHandshake, false, "no memory for a handshake"};
  }
  set_wakeup(nullptr);
}

void BlockingHandshake::Abandon() {
  const std::lock_guard lock(mutex_);
  is_abandoned_ = true;
  if (wakeup_ != nullptr) wakeup_->Wake();
}

}  // namespace session_gateway
