// What a run of load came to between its warm-up and its end: calls, latencies, failures by their kind, and
// the processor's time of the processes that took part.
//
// Thread rule: one thread. Never here: making calls, judging what they cost.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace session_gateway::bench {

using Clock = std::chrono::steady_clock;

struct MeterOptions {
  Clock::duration warm_up{};
  Clock::duration window{};
  std::int64_t calls_max = 0;     // ends the window earlier; 0: no bound
  pid_t gateway = 0;              // whose time counts
  std::vector<pid_t> known = {};  // that take part beside the gateway and this process
};

class Meter {
 public:
  explicit Meter(const MeterOptions& options) : options_(options) {}

  void Begin(Clock::time_point now);
  // Moves from warm-up to window to end; before each round of events.
  void Advance(Clock::time_point now);
  // Ends at once, whatever there is.
  void End(Clock::time_point now);
  bool over() const { return phase_ == Phase::kOver; }

  // An empty failure is a call that was answered as it should be.
  void Count(Clock::time_point began, Clock::time_point ended, const std::string& failure);

  // One JSON object.
  std::string Report();

 private:
  enum class Phase { kWarmUp, kWindow, kOver };

  // Nanoseconds of the processor.
  struct Snapshot {
    Clock::time_point at;
    std::int64_t gateway = 0;
    std::int64_t known = 0;
    std::int64_t self = 0;
    std::int64_t machine = 0;  // all processes and interrupts
    std::int64_t stolen = 0;
  };

  Snapshot Take(Clock::time_point now) const;
  double PercentileMs(double share);

  const MeterOptions options_;
  Phase phase_ = Phase::kWarmUp;
  Clock::time_point next_;
  Snapshot first_;
  Snapshot last_;
  std::int64_t rss_kib_ = 0;
  std::int64_t calls_ = 0;
  std::vector<std::uint32_t> latencies_;  // microseconds
  std::map<std::string, std::int64_t> failures_;
};

}  // namespace session_gateway::bench
