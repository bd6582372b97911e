// The addresses that the host of a listener stands for.
//
// Thread rule: any thread; asks the name service, which may take a while. Never here: a socket.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace session_gateway {

// A name, an IPv4 address or an IPv6 address in brackets, to numeric hosts in the same form, each once. Empty
// when it cannot be resolved.
using ResolveHost = std::function<std::vector<std::string>(const std::string& host)>;

// As the system resolves it.
std::vector<std::string> ResolveListenHost(const std::string& host);

}  // namespace session_gateway
