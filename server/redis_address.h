// Where Redis listens, as the configuration writes it: `unix:<path>` or `host:port`.
//
// Thread rule: values. Never here: names resolved, sockets.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "server/host_port.h"

namespace session_gateway {

struct RedisAddress {
  std::string path;  // of the Unix socket; empty with a host
  HostPort host;
};

// The parts, or what is wrong (a sentence without the text itself).
std::variant<RedisAddress, std::string> ParseRedisAddress(std::string_view text);

// True where nobody else's network is crossed: a Unix socket, or loopback.
bool IsLocal(const RedisAddress& address);

}  // namespace session_gateway
