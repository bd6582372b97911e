// The only place that asks for the time. Everything else is handed a Clock.
//
// Thread rule: a Clock may be used from any thread. Never here: timers and waiting.
#pragma once

#include <chrono>

namespace session_gateway {

using Duration = std::chrono::steady_clock::duration;
using TimePoint = std::chrono::steady_clock::time_point;  // for deadlines and durations
using WallTime = std::chrono::system_clock::time_point;   // for logs

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  virtual WallTime WallNow() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }
  WallTime WallNow() const override { return std::chrono::system_clock::now(); }
};

}  // namespace session_gateway
