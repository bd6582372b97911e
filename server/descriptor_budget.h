// How the process's file descriptors are shared: callers' connections must never take those that the
// upstreams' connections need, or a flood in front would stop all calls behind.
//
// Thread rule: RaiseDescriptorLimit once before other threads start; else values. Never here: closing or
// counting what is open.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "server/config.h"

namespace session_gateway {

// Raises the limit to the highest that the process may have. What holds afterwards; a second time it changes
// nothing.
std::size_t RaiseDescriptorLimit();

struct DescriptorBudget {
  std::size_t connections;             // of callers: limits.connections, or what the limit leaves of it
  std::optional<std::string> warning;  // the limit is too low for what the configuration allows
};
DescriptorBudget ShareDescriptors(const Config& config, std::size_t lanes, std::size_t limit);

}  // namespace session_gateway
