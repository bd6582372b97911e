// What of the configuration's bounds one of several lanes gets: an equal part, rounded up, so that all lanes
// together keep within the bound but for one each; of the connections for two, since where there are more of
// them than calls each lane has one more.
//
// Thread rule: pure. Never here: bounds that the lanes share (rpc/lanes.h).
#pragma once

#include <cstddef>

#include "server/config.h"

namespace session_gateway {

// So many, whatever the machine has: beyond, threads that have little to do cost more than they bring.
inline constexpr std::size_t kLanesMax = 64;

// The lanes that `threads` stands for on a machine of so many processors. A busy lane fills one of them; as
// many are left to the programs beside the gateway.
std::size_t LaneCount(const Config& config, std::size_t processors);

Config ShareOf(const Config& config, std::size_t lanes);

}  // namespace session_gateway
