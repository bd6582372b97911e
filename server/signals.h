// The signals that steer the program, taken by the main thread alone.
//
// SIGTERM and SIGINT end it, SIGHUP makes it look at its credential files at once; SIGPIPE is no event here.
// Thread rule: the main thread; BlockSignals before any other starts, so that all inherit it. Never here:
// what ends, and how.
#pragma once

#include <csignal>
#include <functional>

namespace session_gateway {

// The signals that WaitForStop waits for.
sigset_t BlockSignals();

// Returns when a signal asks the program to end; from then on a second one ends it at once. Each SIGHUP until
// then calls `look`. `seen` is told of each signal.
void WaitForStop(sigset_t signals, const std::function<void(int)>& seen, const std::function<void()>& look);

}  // namespace session_gateway
