// The bounds of the layers between an RPC and the engines of one upstream. Each has a key of its own in the
// configuration (docs/configuration.md).
//
// Thread rule: values. Never here: limits of an engine (engine_limits.h) and of the listener (config.h).
#pragma once

#include <chrono>
#include <cstddef>

#include "server/upstream/engine_limits.h"

namespace session_gateway {

struct BulkheadLimits {
  // Under way at once, whatever the endpoint; below the connections of one, so that a log-on finds one.
  std::size_t calls = 4000;
  std::size_t queue = 500;  // that wait for one of these to end
};

struct RetryLimits {
  int attempts = 3;  // of one call; 1: none is made again
  std::chrono::milliseconds backoff_min = std::chrono::milliseconds(50);  // bound of the first; doubles
  std::chrono::milliseconds backoff_max = std::chrono::seconds(1);
  int budget_percent = 20;  // repeats, as a share of calls
};

struct EjectionLimits {
  int failures = 5;                                              // in a row
  std::chrono::milliseconds time_min = std::chrono::seconds(1);  // doubles with each failed probe
  std::chrono::milliseconds time_max = std::chrono::seconds(5);
};

struct StackLimits {
  EngineLimits engine;
  BulkheadLimits bulkhead;
  RetryLimits retry;
  EjectionLimits ejection;
};

}  // namespace session_gateway
