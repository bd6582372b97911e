#include "server/descriptor_budget.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

#include "server/lane_share.h"

namespace session_gateway {
namespace {

// The log, the first loop, gRPC's own, listeners, credential files while they are read, names that are
// resolved.
constexpr std::size_t kReserve = 48;
// Of a loop: epoll, the clock, what wakes it; and its connection to Redis.
constexpr std::size_t kLaneNeed = 4;

std::size_t OwnNeed(std::size_t lanes) { return kReserve + (lanes - 1) * kLaneNeed; }

// Each lane's part is rounded up.
std::size_t UpstreamNeed(const Config& config, std::size_t lanes) {
  const EngineLimits share = ShareOf(config, lanes).engine;
  std::size_t endpoints = 0;
  if (config.symphony) endpoints += config.symphony->endpoints.size();
  if (config.qlik) endpoints += config.qlik->endpoints.size();
  // A thread has a descriptor to be woken by.
  const std::size_t threads = share.kind == EngineKind::kHttplib ? share.threads : 0;
  return endpoints * lanes * (share.connections + threads);
}

}  // namespace

std::size_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::size_t>::max();
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return limit.rlim_cur;
}

DescriptorBudget ShareDescriptors(const Config& config, std::size_t lanes, std::size_t limit) {
  const std::size_t own = OwnNeed(lanes);
  const std::size_t upstreams = UpstreamNeed(config, lanes);
  const std::size_t wanted = config.limits.connections;
  const std::size_t free = limit > own ? limit - own : 0;
  if (free >= upstreams && free - upstreams >= wanted) return {wanted, std::nullopt};
  // The upstreams first, but callers get half at least: pools are seldom as large as they may become.
  const std::size_t left = free > upstreams ? free - upstreams : 0;
  const std::size_t connections = std::clamp<std::size_t>(std::max(left, free / 2), 1, wanted);
  return {connections, "limits.connections and pool.connections may need " +
                           std::to_string(wanted + upstreams + own) +
                           " descriptors, and the process may have " + std::to_string(limit) + "; at most " +
                           std::to_string(connections) +
                           " connections of callers are accepted; raise the limit or lower the keys"};
}

}  // namespace session_gateway
