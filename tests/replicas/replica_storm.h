// Callers that repeat their requests at gateways while everything around these fails: gateways are killed and
// started again, Redis stops, restarts and fills, the way to it is cut, the upstream answers nonsense.
//
// Thread rule: one thread owns it; each caller has a thread of its own. Never here: a Redis that loses data.
#pragma once

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/chaos/chaos_proxy.h"
#include "tests/replicas/replica_site.h"

namespace session_gateway {

class ReplicaStorm {
 public:
  explicit ReplicaStorm(std::uint64_t seed);
  ~ReplicaStorm();
  ReplicaStorm(const ReplicaStorm&) = delete;
  ReplicaStorm& operator=(const ReplicaStorm&) = delete;

  // They stay the same when a gateway is started again.
  std::vector<std::string> addresses() const;

  // Calls go to these, each to any of them, through so many disturbances.
  void Run(const std::vector<Callee>& callees, int disturbances);
  // Without disturbances: the last word on each request_id, and the count.
  void ExpectHonest(const std::vector<Callee>& callees);

  // How many answers there were, and what they said.
  std::string Figures() const;

 private:
  static constexpr std::size_t kReplicas = 2;

  void CallOn(std::uint64_t seed, const std::vector<Callee>& callees);
  void WaitForAnswers(std::size_t answers) const;
  void Disturb();
  void DisturbUpstream();
  void Restart(std::size_t replica);

  const std::string port_;
  ReplicaSite site_;
  ChaosProxy ways_[kReplicas];  // to Redis
  std::unique_ptr<Replica> replicas_[kReplicas];
  CreatesBook book_;
  std::mt19937_64 random_;
  std::atomic<bool> stopped_ = false;
  std::vector<std::thread> callers_;
};

}  // namespace session_gateway
