// Why an address cannot be listened on: gRPC tells only its own log.
//
// Thread rule: any thread; may ask the name service. Never here: a socket that is kept.
#pragma once

#include <string>

namespace session_gateway {

// Tries the address (`host:port`, IPv6 in brackets) and says in words what is wrong with it.
std::string ExplainBindError(const std::string& address);

}  // namespace session_gateway
