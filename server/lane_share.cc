#include "server/lane_share.h"

#include <algorithm>

namespace session_gateway {
namespace {

constexpr std::size_t kProcessorsPerLane = 2;

}  // namespace

std::size_t LaneCount(const Config& config, std::size_t processors) {
  const std::size_t wanted = config.threads > 0 ? config.threads : processors / kProcessorsPerLane;
  return std::clamp<std::size_t>(wanted, 1, kLanesMax);
}

Config ShareOf(const Config& config, std::size_t lanes) {
  Config share = config;
  for (std::size_t* bound :
       {&share.bulkhead.calls, &share.bulkhead.queue, &share.engine.connections,
        &share.engine.idle_connections, &share.engine.threads, &share.creates.ledger_entries,
        &share.creates.ledger_bytes, &share.creates.redis.operations}) {
    *bound = (*bound + lanes - 1) / lanes;
  }
  // A log-on finds a connection while all calls are under way, in each lane as in the whole.
  if (config.engine.connections > config.bulkhead.calls) {
    share.engine.connections = std::max(share.engine.connections, share.bulkhead.calls + 1);
  }
  return share;
}

}  // namespace session_gateway
