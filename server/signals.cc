#include "server/signals.h"

namespace session_gateway {

sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

void WaitForStop(sigset_t signals, const std::function<void(int)>& seen, const std::function<void()>& look) {
  int signal = 0;
  for (;;) {
    sigwait(&signals, &signal);
    seen(signal);
    if (signal != SIGHUP) break;
    look();
  }
  // A SIGHUP during the drain stays blocked: it ends nothing.
  sigdelset(&signals, SIGHUP);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace session_gateway
