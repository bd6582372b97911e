// Faults of all kinds, all the time, at an upstream and on the way to it, until they are told to stop.
//
// Thread rule: one thread owns it; it has one of its own. Never here: what a fault should lead to.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>
#include <thread>

#include "tests/chaos/chaos_proxy.h"
#include "tests/sandbox/sandbox.h"

namespace session_gateway {

class SoakFaults {
 public:
  // Both outlive it. `faulty` is the share of the connections that meet a fault on their way.
  SoakFaults(Sandbox& sandbox, SandboxUpstream upstream, ChaosProxy& proxy, double faulty,
             std::uint64_t seed);
  ~SoakFaults();
  SoakFaults(const SoakFaults&) = delete;
  SoakFaults& operator=(const SoakFaults&) = delete;

  // No fault is under way any more when it returns.
  void Stop();

 private:
  void Run();
  // False: it is told to stop.
  bool Wait(std::chrono::milliseconds time);
  std::uint64_t Below(std::uint64_t bound) { return dice_() % bound; }
  SandboxFault AnyFault(bool of_logon);
  void AddFault(SandboxFault fault);
  bool Outage();

  Sandbox& sandbox_;
  const SandboxUpstream upstream_;
  ChaosProxy& proxy_;
  std::mt19937_64 dice_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace session_gateway
