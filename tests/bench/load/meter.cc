#include "tests/bench/load/meter.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

namespace session_gateway::bench {
namespace {

std::int64_t Nanoseconds(clockid_t clock) {
  timespec time = {};
  if (clock_gettime(clock, &time) != 0) return 0;
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// All threads of the process, those that have ended included.
std::int64_t TimeOf(pid_t process) {
  clockid_t clock = {};
  if (process == 0 || clock_getcpuclockid(process, &clock) != 0) return 0;
  return Nanoseconds(clock);
}

std::int64_t ResidentKib(pid_t process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/statm");
  std::int64_t size = 0;
  std::int64_t resident = 0;
  in >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE) / 1024;
}

double Ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Meter::Snapshot Meter::Take(Clock::time_point now) const {
  Snapshot taken;
  taken.at = now;
  taken.gateway = TimeOf(options_.gateway);
  for (const pid_t process : options_.known) taken.known += TimeOf(process);
  taken.self = Nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
  // user nice system idle iowait irq softirq steal, in ticks.
  std::ifstream in("/proc/stat");
  std::string name;
  std::int64_t ticks[8] = {};
  in >> name;
  for (std::int64_t& tick : ticks) in >> tick;
  const std::int64_t tick_ns = 1'000'000'000 / sysconf(_SC_CLK_TCK);
  // A process's own clock has the interrupts that it was met by, too.
  taken.machine = (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) * tick_ns;
  taken.stolen = ticks[7] * tick_ns;
  return taken;
}

void Meter::Begin(Clock::time_point now) { next_ = now + options_.warm_up; }

void Meter::Advance(Clock::time_point now) {
  if (phase_ == Phase::kWarmUp && now >= next_) {
    first_ = Take(now);
    next_ = now + options_.window;
    phase_ = Phase::kWindow;
  } else if (phase_ == Phase::kWindow &&
             (now >= next_ || (options_.calls_max > 0 && calls_ >= options_.calls_max))) {
    End(now);
  }
}

void Meter::End(Clock::time_point now) {
  last_ = Take(now);
  if (phase_ == Phase::kWarmUp) first_ = last_;
  rss_kib_ = ResidentKib(options_.gateway);
  phase_ = Phase::kOver;
}

void Meter::Count(Clock::time_point began, Clock::time_point ended, const std::string& failure) {
  // A failure counts whenever it comes.
  if (!failure.empty()) ++failures_[failure];
  if (phase_ != Phase::kWindow || !failure.empty()) return;
  ++calls_;
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(ended - began).count();
  latencies_.push_back(static_cast<std::uint32_t>(microseconds));
}

double Meter::PercentileMs(double share) {
  if (latencies_.empty()) return 0;
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(latencies_.size() - 1));
  const auto place = latencies_.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(latencies_.begin(), place, latencies_.end());
  return *place / 1000.0;
}

std::string Meter::Report() {
  const std::int64_t wall =
      std::chrono::duration_cast<std::chrono::nanoseconds>(last_.at - first_.at).count();
  const std::int64_t gateway = last_.gateway - first_.gateway;
  const std::int64_t self = last_.self - first_.self;
  const std::int64_t foreign = last_.machine - first_.machine - gateway - self - (last_.known - first_.known);
  nlohmann::json report;
  report["calls"] = calls_;
  report["seconds"] = static_cast<double>(wall) / 1e9;
  report["rate"] = Ratio(calls_ * 1'000'000'000, wall);
  report["p50_ms"] = PercentileMs(0.50);
  report["p99_ms"] = PercentileMs(0.99);
  report["cpu_us"] = Ratio(gateway, calls_) / 1000;
  report["client_cpu_us"] = Ratio(self, calls_) / 1000;
  report["foreign_share"] = Ratio(foreign, wall);
  report["stolen_share"] = Ratio(last_.stolen - first_.stolen, wall);
  report["rss_mib"] = static_cast<double>(rss_kib_) / 1024;
  report["failures"] = failures_;
  return report.dump();
}

}  // namespace session_gateway::bench
